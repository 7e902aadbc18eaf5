/// The description of the API that `/api/openapi.json` serves: OpenAPI 3.1.
///
/// It is part of the program, so it is always that of the worker that answers. `Operations…` are
/// the calls, `Schemas…` what they send and answer. `Tests/Contract` drives a real exchange and
/// fails for a status or field that is not here, and for one that is here and never occurs.
public enum OpenAPI {
  public static let document: [UInt8] = {
    var output = JSONOutput(capacity: 1 << 17)
    output.openAPI()
    return Array(output.bytes)
  }()

  static let operations: [Operation] =
    Operation.accounts + Operation.orders + Operation.marketData + Operation.administration
    + Operation.streams + Operation.service

  /// In the order in which the readable page shows them.
  static let tags: [(name: StaticString, description: StaticString)] = [
    ("orders", "What an account asks of the market. An order is answered when it is durable."),
    ("market", "What everybody may see."),
    ("streams", "What happens, as it happens."),
    ("accounts", "Who asks. Secrets are shown once."),
    (
      "administration",
      """
      The operator's calls, with the admin key. They are commands of the symbol like an order, so \
      a replay of its journal repeats them.
      """
    ),
    ("service", "Whether the exchange serves, and this description."),
  ]

  static let text: StaticString = """
    Prices and quantities are decimal strings in answers; requests may send strings or JSON \
    numbers. Either is read digit by digit. Ids and times are integers below 2^53, times in \
    microseconds since 1970. Unknown fields and parameters are refused by their name.

    Every refusal, also one of the web server, is
    `{"error":{"code":"tick_size","message":"…","field":"price"}}`. 503 says that nothing was \
    done. 504 says that the outcome is not known: ask again with the same `clientOrderId` or \
    `Idempotency-Key`, which gives the first answer if there was one. Besides what stands at \
    each call, a path that is not here is a 404 and a method that is not here a 405; 414 and 431 \
    are requests too long, 502 a web server without workers.

    Requests prove who they are from in one of two ways.

    - `Authorization: Bearer` with the token of `/api/login` or `/api/register`.
    - `X-API-Key` with a key, `X-Timestamp` with milliseconds since 1970, at most five seconds \
    off, and `X-Signature` with the hexadecimal HMAC-SHA256 of timestamp, method, path with query \
    and body, one behind the other, under the key's secret. Commands with the same signature are \
    one command: sent again, it gets the first answer. So put a `clientOrderId` into orders that \
    are alike. An `Idempotency-Key` is signed too: it and a line feed stand before the timestamp.

    Calls that change orders take the header `Idempotency-Key`. Asked again with the same key they \
    do nothing and give the first answer, as it was then, with `duplicate`. A refused call leaves \
    its key free; the same key for another call in the same symbol is a 409.

    Lists are newest first. A page that is full has a `next`: ask for what follows with \
    `before=` and that number. Pages fit together, whatever is added meanwhile.

    Streams come over WebSocket (`/stream`) or as server-sent events (`/events`); every message \
    is `{"stream","data"}`.
    """
}

/// One call.
struct Operation {
  enum Access {
    case open
    /// Any credentials of an account.
    case account
    /// Credentials that may trade.
    case trader
    /// A token: a key will not do.
    case token
    case administrator
  }

  var method: StaticString
  var path: StaticString
  var id: StaticString
  var tag: StaticString
  var summary: StaticString
  var description: StaticString = ""
  var access: Access
  /// Names of `components.parameters`.
  var parameters: [StaticString] = []
  /// Of `components.requestBodies`.
  var body: StaticString?
  var status = 200
  /// Of `components.schemas`; nil for an answer without a body.
  var answer: StaticString?
  var meaning: StaticString
  /// Besides those that `access` brings.
  var refusals: [Int] = []
  /// Of `components.responses`, for a 503.
  var unavailable: StaticString = "Unavailable"
  /// Another content than JSON, as a string.
  var contentType: StaticString = "application/json"

  var statuses: [Int] {
    let ofAccess =
      switch access {
      case .open: [Int]()
      case .account, .administrator: [401]
      case .trader, .token: [401, 403]
      }
    // The web server counts every request of an address.
    return (refusals + ofAccess + [429]).sorted()
  }
}

extension JSONOutput {
  fileprivate mutating func openAPI() {
    beginObject()
    member("openapi", "3.1.0")
    key("info")
    beginObject()
    member("title", "Outcry")
    member("version", "1")
    member("description", OpenAPI.text)
    endObject()
    key("servers")
    raw(#"[{"url":"/"}]"#)
    key("tags")
    beginArray()
    for tag in OpenAPI.tags {
      beginObject()
      member("name", tag.name)
      member("description", tag.description)
      endObject()
    }
    endArray()
    key("paths")
    paths()
    key("components")
    beginObject()
    part("securitySchemes", [OpenAPI.securitySchemes])
    part("parameters", [OpenAPI.parameters])
    part("headers", [OpenAPI.headers])
    part("requestBodies", [OpenAPI.requestBodies, OpenAPI.operatorBodies])
    part("responses", [OpenAPI.refusals])
    part(
      "schemas",
      [OpenAPI.commonSchemas, OpenAPI.orderSchemas, OpenAPI.marketSchemas, OpenAPI.accountSchemas])
    endObject()
    endObject()
  }

  private mutating func part(_ name: StaticString, _ members: [StaticString]) {
    key(name)
    beginObject()
    for text in members { raw(text) }
    endObject()
  }

  private mutating func member(_ name: StaticString, _ text: StaticString) {
    key(name)
    value("\(text)" as String)
  }

  private mutating func reference(_ kind: StaticString, _ name: StaticString) {
    beginObject()
    key("$ref")
    value("#/components/\(kind)/\(name)" as String)
    endObject()
  }

  /// The operations of a path stand together, whatever their order in the table.
  private mutating func paths() {
    var order: [String] = []
    var byPath: [String: [Operation]] = [:]
    for operation in OpenAPI.operations {
      let path = "\(operation.path)"
      if byPath[path] == nil { order.append(path) }
      byPath[path, default: []].append(operation)
    }
    beginObject()
    for path in order {
      key(text: path)
      beginObject()
      for operation in byPath[path] ?? [] { self.operation(operation) }
      endObject()
    }
    endObject()
  }

  private mutating func operation(_ operation: Operation) {
    key(operation.method)
    beginObject()
    member("operationId", operation.id)
    key("tags")
    beginArray()
    value("\(operation.tag)" as String)
    endArray()
    member("summary", operation.summary)
    if operation.description.utf8CodeUnitCount > 0 {
      member("description", operation.description)
    }
    key("security")
    raw(operation.security)
    if !operation.parameters.isEmpty {
      key("parameters")
      beginArray()
      for name in operation.parameters { reference("parameters", name) }
      endArray()
    }
    if let body = operation.body {
      key("requestBody")
      reference("requestBodies", body)
    }
    key("responses")
    answers(operation)
    endObject()
  }

  private mutating func answers(_ operation: Operation) {
    beginObject()
    key(text: "\(operation.status)")
    beginObject()
    member("description", operation.meaning)
    if let schema = operation.answer {
      key("content")
      beginObject()
      key(text: "\(operation.contentType)")
      beginObject()
      key("schema")
      reference("schemas", schema)
      endObject()
      endObject()
    }
    endObject()
    for status in operation.statuses {
      key(text: "\(status)")
      reference("responses", status == 503 ? operation.unavailable : Operation.refusal(status))
    }
    endObject()
  }
}

extension Operation {
  fileprivate var security: StaticString {
    switch access {
    case .open: "[]"
    case .account, .trader: #"[{"token":[]},{"key":[],"signature":[],"timestamp":[]}]"#
    case .token: #"[{"token":[]}]"#
    case .administrator: #"[{"admin":[]}]"#
    }
  }

  fileprivate static func refusal(_ status: Int) -> StaticString {
    switch status {
    case 400: "BadRequest"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "NotFound"
    case 406: "NotAcceptable"
    case 409: "Conflict"
    case 413: "TooLarge"
    case 422: "Refused"
    case 426: "UpgradeRequired"
    case 429: "TooMany"
    case 504: "OutcomeUnknown"
    default: preconditionFailure("no refusal has status \(status)")
    }
  }
}
