import CPostgres

/// One NOTIFY.
public struct Announcement: Hashable, Sendable {
  public let channel: String
  public let payload: String

  public init(channel: String, payload: String) {
    self.channel = channel
    self.payload = payload
  }
}

extension Connection {
  /// Asks for the channel's notifications. The name is an identifier, never a client's input.
  public func listen(to channel: String) throws(PostgresError) {
    try run("listen \"\(channel)\"")
  }

  /// Reads what has arrived without waiting; call it when `descriptor` is readable.
  public func notifications() throws(PostgresError) -> [Announcement] {
    guard PQconsumeInput(handle) == 1 else {
      throw PostgresError(connection: handle, call: "notifications")
    }
    var found: [Announcement] = []
    while let notification = PQnotifies(handle) {
      found.append(
        Announcement(
          channel: String(cString: notification.pointee.relname),
          payload: String(cString: notification.pointee.extra)))
      PQfreemem(notification)
    }
    return found
  }
}
