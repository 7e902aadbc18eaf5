/// What a relay has done since it was made, and how it stands.
public struct RelayFigures: Sendable {
  /// Messages that nginx took, and refused.
  public var messages: UInt64 = 0
  public var refused: UInt64 = 0
  /// How often subscribers were told that something may be missing.
  public var gaps: UInt64 = 0
  public var redisIsUp = false
  public var nginxIsUp = false
  /// Public streams that are listened to, counted once for each listener.
  public var subscriptions = 0

  public init() {}
}
