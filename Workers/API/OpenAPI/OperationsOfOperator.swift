extension Operation {
  static let administration: [Operation] = [
    Operation(
      method: "post", path: "/api/admin/symbols", id: "addSymbol", tag: "administration",
      summary: "Add a symbol while the exchange runs.", access: .administrator,
      body: "AddSymbol", status: 201, answer: "Symbol",
      meaning: "The symbol. It trades unless `state` is null; then it does in a moment.",
      refusals: [400, 409, 413, 422, 503, 504]),
    Operation(
      method: "patch", path: "/api/admin/symbols/{symbol}", id: "changeLimits",
      tag: "administration", summary: "Change limits of a symbol.",
      description: """
        What is not named stays as it is; null takes a limit away. Orders that are in the book \
        already stay there.
        """,
      access: .administrator, parameters: ["symbol"], body: "ChangeLimits", answer: "Symbol",
      meaning: "The symbol with its limits, which are in force.",
      refusals: [400, 404, 413, 422, 503, 504]),
    control(
      "/api/admin/symbols/{symbol}/halt", "haltSymbol",
      "Take no orders and amendments; cancels still work."),
    control("/api/admin/symbols/{symbol}/resume", "resumeSymbol", "Take orders again."),
    control(
      "/api/admin/symbols/{symbol}/cancel-only", "restrictSymbol",
      "Like a halt, under another name for clients."),
    Operation(
      method: "post", path: "/api/admin/symbols/{symbol}/cancel-all", id: "cancelSymbol",
      tag: "administration", summary: "Cancel every open order of the symbol.",
      access: .administrator, parameters: ["symbol"], answer: "Cancelled",
      meaning: "How many were cancelled.", refusals: [400, 404, 503, 504]),
  ]

  private static func control(
    _ path: StaticString, _ id: StaticString, _ summary: StaticString
  ) -> Operation {
    Operation(
      method: "post", path: path, id: id, tag: "administration", summary: summary,
      access: .administrator, parameters: ["symbol"], answer: "Symbol",
      meaning: "The symbol in its new state.", refusals: [400, 404, 503, 504])
  }

  static let service: [Operation] = [
    Operation(
      method: "get", path: "/health", id: "health", tag: "service",
      summary: "Whether the worker that answers serves.", access: .open, answer: "Health",
      meaning: "It does."),
    Operation(
      method: "get", path: "/ready", id: "ready", tag: "service",
      summary: "Whether everything answers that an order needs.", access: .open,
      answer: "Ready", meaning: "Database, Redis and every engine answer.",
      refusals: [503], unavailable: "NotReady"),
    Operation(
      method: "get", path: "/metrics", id: "metrics", tag: "service",
      summary: "Figures of the whole instance, for Prometheus.", access: .open, answer: "Text",
      meaning: "The text format, version 0.0.4.", refusals: [400],
      contentType: "text/plain; version=0.0.4; charset=utf-8"),
    Operation(
      method: "get", path: "/api/openapi.json", id: "describe", tag: "service",
      summary: "This description.", access: .open, answer: "Description",
      meaning: "OpenAPI 3.1."),
  ]
}
