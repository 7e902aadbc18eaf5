import CRedis
import Glibc

/// One message of a channel, or Redis's word that a subscription begins or ends. The bytes are
/// valid during the call that hands them over.
public struct PushedMessage {
  /// `pmessage`, `psubscribe`, `punsubscribe`.
  public var kind: UnsafeRawBufferPointer
  public var pattern: UnsafeRawBufferPointer
  /// Empty when it is about a subscription.
  public var channel: UnsafeRawBufferPointer
  public var payload: UnsafeRawBufferPointer
}

/// A connection that only listens: what arrives is read when the descriptor says so.
extension RedisConnection {
  public func subscribe(toPatterns patterns: [String]) throws(RedisError) {
    try send("PSUBSCRIBE", patterns)
  }

  public func unsubscribe(fromPatterns patterns: [String]) throws(RedisError) {
    try send("PUNSUBSCRIBE", patterns)
  }

  private func send(_ verb: String, _ patterns: [String]) throws(RedisError) {
    let words = [verb] + patterns
    var pointers: [UnsafePointer<CChar>?] = words.map { UnsafePointer(strdup($0)) }
    defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
    let lengths = words.map(\.utf8.count)
    let queued = redisAppendCommandArgv(context, Int32(words.count), &pointers, lengths)
    precondition(queued == REDIS_OK, "out of memory")
    var isSent: Int32 = 0
    while isSent == 0 {
      guard redisBufferWrite(context, &isSent) == REDIS_OK else { throw failure("subscribe") }
    }
  }

  /// Reads once and hands over every whole message. Call it when the descriptor is readable.
  public func receive(_ body: (PushedMessage) -> Void) throws(RedisError) {
    guard redisBufferRead(context) == REDIS_OK else { throw failure("read") }
    while true {
      var answer: UnsafeMutableRawPointer?
      guard redisGetReplyFromReader(context, &answer) == REDIS_OK else { throw failure("read") }
      guard let answer else { return }
      defer { freeReplyObject(answer) }
      let reply = answer.assumingMemoryBound(to: redisReply.self)
      guard let message = PushedMessage(reply) else {
        throw RedisError(call: "read", message: "not a message", connectionLost: true)
      }
      body(message)
    }
  }

  public var descriptor: Int32 { context.pointee.fd }
}

extension PushedMessage {
  fileprivate init?(_ reply: UnsafeMutablePointer<redisReply>) {
    guard reply.pointee.type == REDIS_REPLY_ARRAY, reply.pointee.elements >= 3 else { return nil }
    func text(_ index: Int) -> UnsafeRawBufferPointer {
      guard index < reply.pointee.elements, let part = reply.pointee.element[index],
        part.pointee.type == REDIS_REPLY_STRING
      else { return UnsafeRawBufferPointer(start: nil, count: 0) }
      return UnsafeRawBufferPointer(start: part.pointee.str, count: part.pointee.len)
    }
    let isMessage = reply.pointee.elements == 4
    self.init(
      kind: text(0), pattern: text(1), channel: isMessage ? text(2) : text(3), payload: text(3))
  }
}
