import Foundation
import Relay
import TestSupport
import Testing

@Suite("A stream's lane")
struct LaneTests {
  private func payload(_ text: String) throws -> Payload {
    try #require(Payload(sequenced: Array(text.utf8)))
  }

  private func message(_ lane: Lane) throws -> [String: Any] {
    var body: [UInt8] = []
    lane.take(into: &body)
    let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    return try #require(object?["data"] as? [String: Any])
  }

  private func lane(_ kind: Lane.Kind) -> Lane {
    Lane(channel: Array("x.S".utf8), kind: kind, symbol: "S")
  }

  private func trades(_ first: Int, _ last: Int, _ ids: ClosedRange<Int>) throws -> Payload {
    let list = ids.map { "{\"tradeId\":\($0)}" }.joined(separator: ",")
    return try payload(
      """
      {"symbol":"S","firstSequence":\(first),"lastSequence":\(last),"trades":[\(list)]}
      """)
  }

  private func book(_ first: Int, _ last: Int, _ bids: String, _ asks: String = "") throws
    -> Payload
  {
    try payload(
      """
      {"symbol":"S","firstSequence":\(first),"lastSequence":\(last),"time":\(last * 10),\
      "bids":[\(bids)],"asks":[\(asks)]}
      """)
  }

  @Test("passes one message on as it is")
  func single() throws {
    let lane = lane(.trades)
    #expect(lane.add(try trades(1, 3, 1...2)))
    var body: [UInt8] = []
    lane.take(into: &body)
    #expect(
      String(decoding: body, as: UTF8.self)
        == #"{"stream":"x.S","data":{"symbol":"S","firstSequence":1,"lastSequence":3,"#
        + #""trades":[{"tradeId":1},{"tradeId":2}]}}"#)
    #expect(lane.isEmpty)
  }

  @Test("joins trades that follow on, all of them and in order, but not across a hole")
  func joinedTrades() throws {
    let lane = lane(.trades)
    for part in [try trades(1, 3, 1...2), try trades(4, 4, 3...3), try trades(5, 9, 4...6)] {
      #expect(lane.add(part))
    }
    #expect(lane.add(try trades(11, 12, 7...7)))
    let first = try message(lane)
    #expect(first["firstSequence"] as? Int == 1)
    #expect(first["lastSequence"] as? Int == 9)
    let ids = (first["trades"] as? [[String: Int]])?.map { $0["tradeId"] }
    #expect(ids == [1, 2, 3, 4, 5, 6])
    #expect(try message(lane)["firstSequence"] as? Int == 11)
    #expect(lane.isEmpty)
  }

  @Test("of a level joined differences give what it shows at last, best first")
  func joinedBook() throws {
    let lane = lane(.book)
    #expect(lane.add(try book(5, 6, #"["9.50","1"],["10.00","2"]"#, #"["11.00","1"]"#)))
    #expect(lane.add(try book(7, 7, #"["10.00","0"]"#, #"["10.50","3"],["11.00","4"]"#)))
    #expect(lane.add(try book(8, 9, #"["9.50","7"],["8.00","1"]"#)))
    let found = try message(lane)
    #expect(found["firstSequence"] as? Int == 5)
    #expect(found["lastSequence"] as? Int == 9)
    #expect(found["time"] as? Int == 90)
    #expect(found["bids"] as? [[String]] == [["10.00", "0"], ["9.50", "7"], ["8.00", "1"]])
    #expect(found["asks"] as? [[String]] == [["10.50", "3"], ["11.00", "4"]])
  }

  @Test("knows what does not follow on from what came, and what comes too late")
  func places() throws {
    let lane = lane(.trades)
    func gap(_ first: Int, _ last: Int) throws -> Payload {
      try payload(#"{"symbol":"S","gap":true,"firstSequence":\#(first),"lastSequence":\#(last)}"#)
    }
    #expect(lane.place(try trades(5, 9, 1...2)) == .next)
    #expect(lane.place(try trades(10, 9, 1...1)) == .next, "a position")
    #expect(lane.place(try trades(10, 12, 3...3)) == .next)
    #expect(lane.place(try trades(14, 15, 4...4)) == .afterHole)
    #expect(lane.place(try trades(13, 13, 9...9)) == .late)
    #expect(lane.place(try gap(13, 14)) == .late)
    #expect(lane.place(try gap(16, 20)) == .next)
    #expect(lane.place(try trades(22, 21, 1...1)) == .afterHole, "a position")
    lane.forgetPlace()
    #expect(lane.place(try trades(50, 60, 1...1)) == .next)
    #expect(lane.place(try gap(1, 30)) == .next, "an engine that begins")
    #expect(lane.place(try trades(31, 31, 1...1)) == .next)
    let book = self.lane(.book)
    let whole = #"{"symbol":"S","snapshot":true,"sequence":8,"time":1,"bids":[],"asks":[]}"#
    #expect(book.place(try self.book(20, 30, "")) == .next)
    #expect(book.place(try payload(whole)) == .next)
    #expect(book.place(try self.book(9, 9, "")) == .next)
  }

  @Test("a position joined to differences leaves them their time")
  func joinedPosition() throws {
    let lane = lane(.book)
    #expect(lane.add(try book(5, 6, #"["9.50","1"]"#)))
    let place = #"{"symbol":"S","firstSequence":7,"lastSequence":6,"bids":[],"asks":[]}"#
    #expect(lane.add(try payload(place)))
    let found = try message(lane)
    #expect(found["firstSequence"] as? Int == 5)
    #expect(found["lastSequence"] as? Int == 6)
    #expect(found["time"] as? Int == 60)
    #expect(found["bids"] as? [[String]] == [["9.50", "1"]])
    #expect(lane.isEmpty)
  }

  @Test("a snapshot replaces what waits, and is not joined with what follows")
  func snapshot() throws {
    let lane = lane(.book)
    #expect(lane.add(try book(5, 6, #"["9.50","1"]"#)))
    let whole = #"{"symbol":"S","snapshot":true,"sequence":8,"time":1,"bids":[],"asks":[]}"#
    #expect(lane.add(try payload(whole)))
    #expect(lane.add(try book(9, 9, #"["9.50","2"]"#)))
    #expect(try message(lane)["sequence"] as? Int == 8)
    #expect(try message(lane)["firstSequence"] as? Int == 9)
  }

  @Test("says where it is by an empty message that begins behind the last one")
  func position() throws {
    let lane = lane(.book)
    var body: [UInt8] = []
    #expect(!lane.takePosition(into: &body))
    #expect(lane.add(try book(5, 6, #"["9.50","1"]"#)))
    _ = try message(lane)
    #expect(lane.takePosition(into: &body))
    #expect(
      String(decoding: body, as: UTF8.self)
        == #"{"stream":"x.S","data":{"symbol":"S","firstSequence":7,"lastSequence":6,"#
        + #""bids":[],"asks":[]}}"#)
  }

  @Test("says where it is five seconds after something happened, and then every fifteen")
  func quiet() throws {
    let lane = lane(.trades)
    var body: [UInt8] = []
    #expect(lane.add(try trades(1, 3, 1...2)))
    lane.take(into: &body)
    lane.finished(subscribers: 1, at: 0)
    #expect(lane.repeatsAt == 5_000_000_000)
    for _ in 0..<2 {
      #expect(lane.takePosition(into: &body))
      lane.finished(subscribers: 1, at: 0)
      #expect(lane.repeatsAt == 15_000_000_000)
    }
    #expect(lane.add(try trades(4, 4, 3...3)))
    lane.take(into: &body)
    lane.finished(subscribers: 1, at: 0)
    #expect(lane.repeatsAt == 5_000_000_000)
  }

  @Test("of states only the newest goes out, but every candle's last")
  func states() throws {
    let lane = lane(.candles)
    func candle(_ time: Int, _ trades: Int) -> Payload {
      Payload(state: Array("{\"time\":\(time),\"trades\":\(trades)}".utf8), isCandle: true)
    }
    for (time, trades) in [(60, 1), (60, 2), (120, 1), (120, 3)] {
      #expect(lane.add(candle(time, trades)))
    }
    let found = [try message(lane), try message(lane)]
    #expect(found.map { $0["time"] as? Int } == [60, 120])
    #expect(found.map { $0["trades"] as? Int } == [2, 3])
    #expect(lane.isEmpty)
  }

  @Test("does not grow without bound while nobody takes anything")
  func bound() throws {
    let lane = lane(.trades)
    var dropped = 0
    for index in 1...100_000 where !lane.add(try trades(index, index, index...index)) {
      dropped += 1
    }
    #expect(dropped > 0)
    #expect(lane.add(try trades(100_001, 100_001, 1...1)))
  }

  @Test("rests longer the more listen, and least for a few")
  func rests() {
    let lane = lane(.trades)
    var rests: [Int64] = []
    for subscribers in [1, 1000, 100_000, 0] {
      lane.finished(subscribers: subscribers, at: 0)
      rests.append(lane.restsUntil / 1_000_000)
    }
    #expect(rests == [20, 40, 50, 100])
  }
}
