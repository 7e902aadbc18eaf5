import CPostgres

/// What PostgreSQL, or the way to it, objected to.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
  /// The SQLSTATE; empty when libpq itself failed.
  public let state: String
  public let message: String
  /// The libpq call that failed.
  public let call: String
  /// The connection is of no more use; what was under way may or may not have been committed.
  public let connectionLost: Bool

  public init(state: String, message: String, call: String, connectionLost: Bool) {
    self.state = state
    self.message = message
    self.call = call
    self.connectionLost = connectionLost
  }

  public var isUniqueViolation: Bool { state == "23505" }

  /// Trying again may help: the server is starting, stopping, out of room or of slots.
  public var isPassing: Bool {
    connectionLost || state.hasPrefix("53") || state.hasPrefix("40") || state.hasPrefix("57")
      || state.hasPrefix("58")
  }

  public var description: String {
    "\(call): \(message)" + (state.isEmpty ? "" : " (\(state))")
  }
}

extension PostgresError {
  /// The error libpq noted last on the connection.
  init(connection: OpaquePointer, call: String) {
    self.init(
      state: "", message: PostgresError.trimmed(PQerrorMessage(connection)), call: call,
      connectionLost: PQstatus(connection) == CONNECTION_BAD)
  }

  /// The error a result carries. A server that ends the session says so in the result first and
  /// hangs up afterwards, so the state decides as well as the connection does.
  init(result: OpaquePointer, connection: OpaquePointer, call: String) {
    // libpq names the fields of an error by letters: C is the SQLSTATE, M the message.
    let code = PQresultErrorField(result, Int32(UInt8(ascii: "C")))
    let message = PQresultErrorField(result, Int32(UInt8(ascii: "M")))
    let state = code.map { String(cString: $0) } ?? ""
    let ended = ["57P01", "57P02", "57P03", "57P05"].contains(state) || state.hasPrefix("08")
    self.init(
      state: state,
      message: PostgresError.trimmed(message ?? PQresultErrorMessage(result)), call: call,
      connectionLost: ended || PQstatus(connection) == CONNECTION_BAD)
  }

  static func trimmed(_ text: UnsafePointer<CChar>?) -> String {
    guard let text else { return "no message" }
    var message = Substring(String(cString: text))
    while let last = message.last, last.isWhitespace { message.removeLast() }
    return String(message)
  }
}
