/// What Redis, or the way to it, objected to.
public struct RedisError: Error, Sendable, CustomStringConvertible {
  public let call: String
  public let message: String
  /// The connection is of no more use.
  public let connectionLost: Bool
  /// The node is the wrong one of its cluster.
  package let redirection: Redirection?

  package init(
    call: String, message: String, connectionLost: Bool, redirection: Redirection? = nil
  ) {
    self.call = call
    self.message = message
    self.connectionLost = connectionLost
    self.redirection = redirection
  }

  public var description: String { "redis \(call): \(message)" }
}

/// One answer of Redis.
public enum RedisReply: Hashable, Sendable {
  case text(String)
  case integer(Int64)
  case array([RedisReply])
  case null
}
