extension Operation {
  static let streams: [Operation] = [
    Operation(
      method: "get", path: "/stream", id: "streamSocket", tag: "streams",
      summary: "Public streams over WebSocket.",
      description: """
        Names: `trades.S`, `book.S` (differences with `firstSequence`, `lastSequence`, `bids` and \
        `asks`, where quantity "0" removes a level), `ticker.S`, `candles.1m.S`.
        """,
      access: .open, parameters: ["streams"], status: 101, meaning: "The WebSocket.",
      refusals: [400, 404, 426]),
    Operation(
      method: "get", path: "/events", id: "streamEvents", tag: "streams",
      summary: "The same as server-sent events.", access: .open, parameters: ["streams"],
      answer: "Text", meaning: "Events without end.", refusals: [400, 404, 406],
      contentType: "text/event-stream; charset=utf-8"),
    Operation(
      method: "get", path: "/stream/account", id: "streamAccountSocket", tag: "streams",
      summary: "Every event of the account's own orders over WebSocket.", access: .account,
      parameters: ["accountStreams", "token"], status: 101, meaning: "The WebSocket.",
      refusals: [400, 404, 426, 503]),
    Operation(
      method: "get", path: "/events/account", id: "streamAccountEvents", tag: "streams",
      summary: "The same as server-sent events.", access: .account,
      parameters: ["accountStreams", "token"], answer: "Text", meaning: "Events without end.",
      refusals: [400, 404, 406, 503], contentType: "text/event-stream; charset=utf-8"),
  ]
}
