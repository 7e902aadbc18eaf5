import Wire

/// A refusal as the client sees it: a status and `{"error":{"code","message","field"}}`.
public struct APIError: Error, Equatable, Sendable {
  public var status: Int
  public var code: String
  public var message: String
  /// The field, parameter or header that is at fault.
  public var field: String?
  /// Seconds, for the `Retry-After` header.
  public var retryAfter: Int?
  /// The methods a path has, for the `Allow` header of a 405.
  public var allow: String?
  /// Where the request is answered: not here, and nothing was done here.
  public var shard: UInt32?

  public init(
    _ status: Int, _ code: String, _ message: String, field: String? = nil,
    retryAfter: Int? = nil, allow: String? = nil
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.field = field
    self.retryAfter = retryAfter
    self.allow = allow
  }
}

/// What more than one place answers.
extension APIError {
  public static let unauthorized = APIError(
    401, "unauthorized", "credentials are missing, wrong or expired", field: "Authorization")
  public static let forbidden = APIError(403, "forbidden", "these credentials may only read")
  public static let notAnAdministrator = APIError(
    401, "unauthorized", "the admin key is missing or wrong", field: "X-Admin-Key")
  public static let tokenNeeded = APIError(
    403, "token_needed", "keys are managed with a token from /api/login, not with a key",
    field: "Authorization")
  public static let unknownOrder = APIError(404, "unknown_order", "no such order")
  public static let orderNotOpen = APIError(404, "unknown_order", "no such open order")
  public static let unknownKey = APIError(404, "unknown_key", "no such key")
  public static let unknownPath = APIError(404, "unknown_path", "no such path")
  public static let nameTaken = APIError(
    409, "name_taken", "this name has an account already", field: "name")
  public static let badLogin = APIError(401, "bad_login", "name and password do not match")
  public static let bodyTooLarge = APIError(413, "body_too_large", "the body is over the limit")
  public static let internalError = APIError(500, "internal", "something broke on our side")

  /// A `before` that names nothing of the list.
  public static let unknownPlace = APIError(
    400, "invalid_value", "before names no place in this list", field: "before")

  public static func unknownSymbol(_ name: String) -> APIError {
    APIError(404, "unknown_symbol", "no symbol is named \(shortened(name))", field: "symbol")
  }

  /// Nothing was done: the ring is full, or an engine or the database is away.
  public static func unavailable(_ code: String, _ message: String) -> APIError {
    APIError(503, code, message, retryAfter: 1)
  }

  public static let elsewhereCode = "elsewhere"

  /// Another shard has the symbol. A client sees this only when nobody sends the request on.
  public static func elsewhere(_ shard: UInt32) -> APIError {
    var error = APIError.unavailable(elsewhereCode, "the symbol is at shard \(shard)")
    error.shard = shard
    return error
  }

  /// The command may or may not have been accepted.
  public static let outcomeUnknown = APIError(
    504, "outcome_unknown",
    "no answer in time; ask again with the same clientOrderId or Idempotency-Key")

  static func missing(_ field: String) -> APIError {
    APIError(400, "missing_field", "\(field) is required", field: field)
  }

  static func wrongType(_ field: String, _ expected: String) -> APIError {
    APIError(400, "wrong_type", "\(field) must be \(expected)", field: field)
  }

  static func invalid(_ field: String, _ rule: String) -> APIError {
    APIError(400, "invalid_value", "\(field) \(rule)", field: field)
  }

  static func combination(_ field: String, _ message: String) -> APIError {
    APIError(400, "invalid_combination", message, field: field)
  }

  static func unknownField(_ name: String) -> APIError {
    let shown = shortened(name)
    return APIError(400, "unknown_field", "there is no field \(shown) here", field: shown)
  }

  static func duplicateField(_ name: String) -> APIError {
    APIError(400, "duplicate_field", "\(name) is given twice", field: name)
  }

  /// What a client sent, short enough to be sent back.
  static func shortened(_ text: String) -> String {
    text.utf8.count <= 64 ? text : String(text.prefix(16)) + "…"
  }
}

extension APIError {
  /// What the engine's refusal means to a client.
  public init(_ refusal: Refusal) {
    switch refusal {
    case .malformed:
      self.init(400, "malformed", "the engine does not understand this command")
    case .deadlinePassed:
      self = .unavailable("deadline_passed", "the engine was too busy; nothing was done")
    case .keyReused:
      self.init(
        409, "client_order_id_reused", "clientOrderId belongs to a different order",
        field: "clientOrderId")
    case .unknownOrder:
      self = .orderNotOpen
    case .capacity:
      self = .unavailable("capacity", "the order book is full; nothing was done")
    default:
      let (code, message, field) = APIError.rule(refusal)
      self.init(422, code, message, field: field)
    }
  }

  private static func rule(_ refusal: Refusal) -> (String, String, String?) {
    switch refusal {
    case .nothingToChange: ("nothing_to_change", "the order is like this already", nil)
    case .halted: ("halted", "the symbol is halted", "symbol")
    case .cancelOnly: ("cancel_only", "the symbol takes cancels only", "symbol")
    case .quantityRange: ("quantity_range", "quantity is outside the limits", "quantity")
    case .displayQuantity:
      ("display_quantity", "displayQuantity must be below quantity", "displayQuantity")
    case .priceRange: ("price_range", "price is outside the limits", "price")
    case .stopPrice: ("stop_price", "stopPrice is on the wrong side", "stopPrice")
    case .expiryPassed: ("expiry_passed", "expiresAt is in the past", "expiresAt")
    case .priceBand: ("price_band", "price is too far from the market", "price")
    case .notionalRange: ("notional_range", "price x quantity is outside the limits", "quantity")
    case .orderLimit: ("order_limit", "the account has too many open orders here", nil)
    case .wouldCross: ("would_cross", "a post-only order would trade at once", "price")
    case .notFillable: ("not_fillable", "a fill-or-kill order cannot be filled", "quantity")
    case .noLiquidity: ("no_liquidity", "nothing to trade with", nil)
    case .selfTrade: ("self_trade", "the order would only meet the account's own", nil)
    case .malformed, .deadlinePassed, .keyReused, .unknownOrder, .capacity:
      preconditionFailure("not a rule")
    }
  }
}
