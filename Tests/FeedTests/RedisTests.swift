import Feed
import Settings
import TestSupport
import Testing

@Suite("A Redis connection", .serialized)
struct RedisTests {
  let server = TestRedis()

  @Test("goes by unix socket and by TCP")
  func addresses() throws {
    let unix = try RedisConnection(.unix(path: server.socket))
    #expect(try unix.command("SET", "name", "value") == .text("OK"))
    let tcp = try RedisConnection(.tcp(host: "127.0.0.1", port: server.port))
    #expect(try tcp.command("GET", "name") == .text("value"))
    #expect(try tcp.command("GET", "nothing") == .null)
    #expect(try tcp.command("INCR", "counter") == .integer(1))
  }

  @Test("pipelines commands and tells the first that failed")
  func pipeline() throws {
    let redis = try RedisConnection(.unix(path: server.socket))
    let word = Array("INCR".utf8)
    let key = Array("k".utf8)
    for _ in 0..<1000 {
      word.withUnsafeBytes { word in key.withUnsafeBytes { redis.append(word, $0) } }
    }
    #expect(redis.pending == 1000)
    try redis.awaitReplies()
    #expect(try redis.command("GET", "k") == .text("1000"))
    _ = try redis.command("SET", "k", "text")
    word.withUnsafeBytes { word in key.withUnsafeBytes { redis.append(word, $0) } }
    let error = #expect(throws: RedisError.self) { try redis.awaitReplies() }
    #expect(error?.connectionLost == false)
    #expect(try redis.command("PING") == .text("PONG"))
  }

  @Test("gives up on a server that is gone or does not answer")
  func lost() throws {
    let redis = try RedisConnection(.unix(path: server.socket), timeout: 0.1)
    server.pause()
    let slow = #expect(throws: RedisError.self) { try redis.command("PING") }
    #expect(slow?.connectionLost == true)
    server.resume()
    let again = try RedisConnection(.unix(path: server.socket), timeout: 0.5)
    server.stop()
    for _ in 0..<3 {
      let gone = #expect(throws: RedisError.self) { try again.command("PING") }
      #expect(gone?.connectionLost == true)
    }
    #expect(throws: RedisError.self) { _ = try RedisConnection(.unix(path: server.socket)) }
  }
}
