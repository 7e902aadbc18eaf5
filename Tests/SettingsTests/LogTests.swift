import Foundation
import Settings
import Testing

@Suite("The log")
struct LogTests {
  /// Gives the work a log that writes into a pipe, and returns what came out of it.
  private func written(
    role: String = "test", level: Log.Level = .debug, _ work: (Log) -> Void
  ) -> [[String: Any]] {
    let pipe = Pipe()
    work(Log(role: role, level: level, descriptor: pipe.fileHandleForWriting.fileDescriptor))
    pipe.fileHandleForWriting.closeFile()
    let lines = pipe.fileHandleForReading.readDataToEndOfFile().split(separator: 10)
    return lines.compactMap { try? JSONSerialization.jsonObject(with: $0) as? [String: Any] }
  }

  @Test("a line is one JSON object with time, level, program, pid, message and the fields given")
  func fields() throws {
    let lines = written(role: "engine BTC-USD") { log in
      log.warning("lost it", ["errno": 11, "call": "connect", "again": true, "share": 0.5])
    }
    let line = try #require(lines.first)
    #expect(line["level"] as? String == "warning")
    #expect(line["program"] as? String == "engine BTC-USD")
    #expect(line["pid"] as? Int == Int(getpid()))
    #expect(line["message"] as? String == "lost it")
    #expect(line["errno"] as? Int == 11)
    #expect(line["call"] as? String == "connect")
    #expect(line["again"] as? Bool == true)
    #expect(line["share"] as? Double == 0.5)
    let time = try #require(line["time"] as? String)
    #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
  }

  @Test("an engine's lines name its symbol, and a field without a value is left out")
  func optionalFields() throws {
    let pipe = Pipe()
    let log = Log(
      role: "engine", symbol: "BTC-USD", descriptor: pipe.fileHandleForWriting.fileDescriptor)
    log.info("ready", ["symbol": "ETH-USD", "traceId": String?.none, "requestId": "r" as String?])
    pipe.fileHandleForWriting.closeFile()
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    let line = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    #expect(line["symbol"] as? String == "BTC-USD")
    #expect(line["requestId"] as? String == "r")
    #expect(!line.keys.contains("traceId"))
    #expect(String(decoding: bytes, as: UTF8.self).ranges(of: "symbol").count == 1)
  }

  @Test("text that would break a line comes back as it went in")
  func escapes() {
    let text = "\"quoted\" \\ \n\r\t\u{1}\u{7F} naïve 価格 🦊"
    #expect(written { $0.info(text) }.first?["message"] as? String == text)
  }

  @Test("numbers JSON does not know are null")
  func notANumber() {
    #expect(written { $0.info("x", ["share": Double.nan]) }.first?["share"] is NSNull)
  }

  @Test("levels under the chosen one are not written")
  func levels() {
    let lines = written(level: .warning) { log in
      log.debug("a")
      log.info("b")
      log.warning("c")
      log.error("d")
    }
    #expect(lines.map { $0["message"] as? String } == ["c", "d"])
  }

  @Test("lines of several threads do not mix")
  func threads() {
    let lines = written { log in
      DispatchQueue.concurrentPerform(iterations: 8) { thread in
        for number in 0..<20 { log.info("hello", ["thread": thread, "number": number]) }
      }
    }
    #expect(lines.count == 160)
  }
}
