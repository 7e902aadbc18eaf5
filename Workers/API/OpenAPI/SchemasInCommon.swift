extension OpenAPI {
  static let securitySchemes: StaticString = """
    "token": {"type": "http", "scheme": "bearer",
      "description": "The token of /api/login or /api/register."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key",
      "description": "A key; X-Signature and X-Timestamp go with it."},
    "signature": {"type": "apiKey", "in": "header", "name": "X-Signature",
      "description": "Hexadecimal HMAC-SHA256(secret, timestamp + method + path?query + body)."},
    "timestamp": {"type": "apiKey", "in": "header", "name": "X-Timestamp",
      "description": "Milliseconds since 1970, at most five seconds off."},
    "admin": {"type": "apiKey", "in": "header", "name": "X-Admin-Key",
      "description": "The content of the file OUTCRY_ADMIN_KEY_FILE."}
    """

  static let parameters: StaticString = #"""
    "symbol": {"name": "symbol", "in": "path", "required": true,
      "description": "The symbol's name.", "schema": {"$ref": "#/components/schemas/SymbolName"}},
    "inSymbol": {"name": "symbol", "in": "query", "description": "Only of this symbol.",
      "schema": {"$ref": "#/components/schemas/SymbolName"}},
    "orderId": {"name": "orderId", "in": "path", "required": true,
      "description": "What the order was answered with.",
      "schema": {"$ref": "#/components/schemas/Id"}},
    "key": {"name": "key", "in": "path", "required": true, "description": "The key to end.",
      "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}},
    "status": {"name": "status", "in": "query", "description": "All of them when left away.",
      "schema": {"type": "string", "enum": ["open", "closed", "all"]}},
    "clientOrderId": {"name": "clientOrderId", "in": "query",
      "description": "Only the order with this name.",
      "schema": {"$ref": "#/components/schemas/ClientOrderId"}},
    "depth": {"name": "depth", "in": "query", "description": "Levels a side; 50 when left away.",
      "schema": {"type": "integer", "minimum": 1, "maximum": 1000}},
    "limit": {"name": "limit", "in": "query", "description": "Rows a page; 100 when left away.",
      "schema": {"type": "integer", "minimum": 1, "maximum": 1000}},
    "streams": {"name": "streams", "in": "query", "required": true,
      "description": "Names of streams, joined by `/`: `trades.BTC-USD/book.BTC-USD`.",
      "schema": {"type": "string", "pattern": "^[a-z0-9]+(\\.[A-Za-z0-9._-]+)+(/.+)*$"}},
    "accountStreams": {"name": "streams", "in": "query",
      "description": "Public streams to hear too.",
      "schema": {"type": "string", "pattern": "^[a-z0-9]+(\\.[A-Za-z0-9._-]+)+(/.+)*$"}},
    "token": {"name": "token", "in": "query",
      "description": "The token, where a header cannot be set.", "schema": {"type": "string"}},
    "beforeOrder": {"name": "before", "in": "query",
      "description": "Only what stands behind this order: the `next` of the page before.",
      "schema": {"$ref": "#/components/schemas/Id"}},
    "beforeFill": {"name": "before", "in": "query",
      "description": "Only what stands behind this trade: the `next` of the page before.",
      "schema": {"$ref": "#/components/schemas/Id"}},
    "beforeTrade": {"name": "before", "in": "query",
      "description": "Only trades with a lower `tradeId`: the `next` of the page before.",
      "schema": {"$ref": "#/components/schemas/Id"}}
    """#

  static let headers: StaticString = """
    "RetryAfter": {"description": "Seconds to wait before asking again.", "required": true,
      "schema": {"type": "integer", "minimum": 1}}
    """

  static let refusals: StaticString = #"""
    "BadRequest": {"description": "Not JSON, a wrong type, or an unknown or missing field.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "Unauthorized": {"description": "No credentials, or they are wrong or have ended.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "Forbidden": {"description": "These credentials may not do that.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "NotFound": {"description": "No such thing, or it is another account's.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "NotAcceptable": {"description": "Accept does not name text/event-stream.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "UpgradeRequired": {"description": "It speaks WebSocket only.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "Conflict": {"description": "The name is taken, or was used for something else.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "TooLarge": {"description": "The body is over 1 MiB.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "Refused": {"description": "Well-formed, but against a rule; `code` says which.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "Unavailable": {"description": "Nothing was done: something that it needs does not answer.",
      "headers": {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}},
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "OutcomeUnknown": {"description": "It may or may not have been done: ask again.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
    "NotReady": {"description": "The error names what does not answer.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NotReady"}}}}
    """#

  static let commonSchemas: StaticString = #"""
    "Error": {"type": "object", "required": ["error"],
      "properties": {"error": {"$ref": "#/components/schemas/ErrorDetail"}}},
    "ErrorDetail": {"type": "object", "required": ["code", "message"], "properties": {
      "code": {"type": "string", "pattern": "^[a-z][a-z_]*$",
        "description": "For programs: `tick_size`, `no_liquidity`, `unknown_order`, …"},
      "message": {"type": "string", "description": "For people."},
      "field": {"type": "string",
        "description": "The field, parameter or header that is at fault."}}},
    "Id": {"type": "integer", "minimum": 1, "maximum": 9007199254740991},
    "Time": {"type": "integer", "minimum": 0, "maximum": 9007199254740991,
      "description": "Microseconds since 1970."},
    "Count": {"type": "integer", "minimum": 0},
    "Sequence": {"type": "integer", "minimum": 0,
      "description": "The symbol's command after which this was so."},
    "Decimal": {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$"},
    "SignedDecimal": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"},
    "Limit": {"type": ["string", "null"], "pattern": "^[0-9]+(\\.[0-9]+)?$",
      "description": "Null: no limit."},
    "Amount": {"description": "A decimal above zero, as a string or a number.", "oneOf": [
      {"type": "string", "pattern": "^(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?$"},
      {"type": "number", "exclusiveMinimum": 0}]},
    "Side": {"type": "string", "enum": ["buy", "sell"]},
    "SymbolName": {"type": "string", "pattern": "^[A-Z0-9._-]{1,24}$"},
    "ClientOrderId": {"type": "string", "pattern": "^[A-Za-z0-9._:/-]{1,36}$",
      "description": "A name of the client's own choice."},
    "Next": {"type": "integer", "minimum": 1, "maximum": 9007199254740991,
      "description": "What to ask with as `before` for the page that follows."},
    "Health": {"type": "object", "required": ["status", "instance", "pid", "startedAt"],
      "properties": {"status": {"const": "ok"}, "instance": {"type": "string"},
        "pid": {"type": "integer"}, "startedAt": {"$ref": "#/components/schemas/Time"}}},
    "Checks": {"type": "array", "items": {"type": "object", "required": ["name", "ok"],
      "properties": {"name": {"type": "string"}, "ok": {"type": "boolean"}}}},
    "Ready": {"type": "object", "required": ["status", "checks"], "properties": {
      "status": {"const": "ready"}, "checks": {"$ref": "#/components/schemas/Checks"}}},
    "NotReady": {"type": "object", "required": ["status", "checks", "error"], "properties": {
      "status": {"const": "not_ready"}, "checks": {"$ref": "#/components/schemas/Checks"},
      "error": {"$ref": "#/components/schemas/ErrorDetail"}}},
    "Text": {"type": "string"},
    "Description": {"type": "object", "required": ["openapi", "info", "paths"],
      "additionalProperties": true}
    """#
}
