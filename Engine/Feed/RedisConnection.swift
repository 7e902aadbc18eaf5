import CRedis
import CShared
import Glibc
import Settings

/// One connection to Redis, used by the thread that made it. Commands are queued with `append`
/// and travel together when their answers are asked for. Every wait ends after the time-out.
public final class RedisConnection {
  let context: UnsafeMutablePointer<redisContext>
  public let address: Address
  /// One node of several.
  public internal(set) var isInCluster = false
  private var queued = 0
  private var answered = 0
  /// Keys to be set whose answers are still to come.
  private var keys: [(command: Int, key: KeyValue)] = []
  private var refusedKeys: [RefusedKey] = []

  /// How many queued commands have not been answered.
  public var pending: Int { queued - answered }

  public init(_ address: Address, timeout seconds: Double = 1) throws(RedisError) {
    // hiredis writes with plain send(2): a server that hangs up must be an error, not a signal.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)

    let limit = timeval(
      tv_sec: Int(seconds), tv_usec: Int((seconds - seconds.rounded(.down)) * 1e6))
    let made =
      switch address {
      case .unix(let path): redisConnectUnixWithTimeout(path, limit)
      case .tcp(let host, let port): redisConnectWithTimeout(host, Int32(port), limit)
      }
    guard let made else { preconditionFailure("out of memory") }
    guard made.pointee.err == 0, redisSetTimeout(made, limit) == REDIS_OK else {
      let message = RedisConnection.message(made)
      redisFree(made)
      throw RedisError(call: "connect \(address)", message: message, connectionLost: true)
    }
    // On a unix socket this would fail, and with it the connection.
    if case .tcp = address { redisEnableKeepAlive(made) }
    context = made
    self.address = address
  }

  deinit { redisFree(context) }

  /// Queues a command; nothing is sent yet. The parts are copied.
  public func append(_ parts: UnsafeRawBufferPointer...) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: parts.count) { values in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: parts.count) { lengths in
        for (index, part) in parts.enumerated() {
          values[index] = part.baseAddress?.assumingMemoryBound(to: CChar.self)
          lengths[index] = part.count
        }
        let result = redisAppendCommandArgv(
          context, Int32(parts.count), values.baseAddress!, lengths.baseAddress!)
        precondition(result == REDIS_OK, "out of memory")
      }
    }
    queued += 1
  }

  /// Queues the setting of a key. One that is refused stops nothing: see `takeRefusedKeys`.
  func set(_ key: KeyValue) {
    keys.append((queued, key))
    send("SET", key.name, key.value)
  }

  /// The same at a node that is about to get the key's slot.
  func append(asking key: KeyValue) {
    let word = Array("ASKING".utf8)
    word.withUnsafeBytes { append($0) }
    set(key)
  }

  /// What Redis did not take of the keys since the last call.
  func takeRefusedKeys() -> [RefusedKey] {
    defer { refusedKeys.removeAll() }
    return refusedKeys
  }

  /// Sends what is queued and waits until all of it is answered; returns the last answer. Throws
  /// the first error.
  @discardableResult
  public func awaitReplies() throws(RedisError) -> RedisReply? {
    var failure: RedisError?
    var last: RedisReply?
    while pending > 0 {
      let key = keys.first?.command == answered ? keys.removeFirst().key : nil
      do throws(RedisError) { last = try nextReply() } catch {
        if error.connectionLost { throw error }
        if let key {
          refusedKeys.append(RefusedKey(key: key, error: error))
        } else {
          failure = failure ?? error
        }
      }
    }
    if let failure { throw failure }
    return last
  }

  /// One command and its answer.
  public func command(_ words: String...) throws(RedisError) -> RedisReply {
    precondition(pending == 0, "other commands are under way")
    let bytes = words.map { Array($0.utf8) }
    var pointers = bytes.map { bytes in
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: max(bytes.count, 1))
      for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
      return UnsafePointer<CChar>?(copy)
    }
    defer { for pointer in pointers { pointer?.deallocate() } }
    let lengths = bytes.map(\.count)
    let result = redisAppendCommandArgv(context, Int32(words.count), &pointers, lengths)
    precondition(result == REDIS_OK, "out of memory")
    queued += 1
    return try nextReply()
  }

  /// The next message of the channels that were subscribed to.
  public func receive() throws(RedisError) -> RedisReply { try nextReply() }

  private func nextReply() throws(RedisError) -> RedisReply {
    var answer: UnsafeMutableRawPointer?
    guard redisGetReply(context, &answer) == REDIS_OK, let answer else {
      answered = queued
      keys.removeAll()
      throw RedisError(
        call: "reply", message: RedisConnection.message(context), connectionLost: true)
    }
    answered = min(queued, answered + 1)
    defer { freeReplyObject(answer) }
    return try read(answer.assumingMemoryBound(to: redisReply.self))
  }

  private func read(_ reply: UnsafeMutablePointer<redisReply>) throws(RedisError)
    -> RedisReply
  {
    func text() -> String {
      let bytes = UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len)
      return String(decoding: bytes, as: UTF8.self)
    }
    switch reply.pointee.type {
    case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: return .text(text())
    case REDIS_REPLY_INTEGER: return .integer(reply.pointee.integer)
    case REDIS_REPLY_ERROR:
      throw RedisError(
        call: "command", message: text(), connectionLost: false,
        redirection: Redirection(text(), from: address))
    case REDIS_REPLY_ARRAY:
      var elements: [RedisReply] = []
      for index in 0..<reply.pointee.elements {
        guard let element = reply.pointee.element[index] else { continue }
        elements.append(try read(element))
      }
      return .array(elements)
    default: return .null
    }
  }

  func failure(_ call: String) -> RedisError {
    RedisError(call: call, message: RedisConnection.message(context), connectionLost: true)
  }

  private static func message(_ context: UnsafeMutablePointer<redisContext>) -> String {
    withUnsafeBytes(of: context.pointee.errstr) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}

struct KeyValue {
  var name: [UInt8]
  var value: [UInt8]
}

struct RefusedKey {
  var key: KeyValue
  var error: RedisError
}
