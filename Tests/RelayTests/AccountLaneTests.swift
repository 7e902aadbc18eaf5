import Foundation
import Relay
import Testing

@Suite("An account's lane")
struct AccountLaneTests {
  private func message(_ lane: inout AccountLane) throws -> [String: Any] {
    var body: [UInt8] = []
    lane.take(into: &body)
    let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    return try #require(object?["data"] as? [String: Any])
  }

  private func add(
    _ event: String, of symbol: String, _ covered: ClosedRange<UInt64>, to lane: inout AccountLane
  ) throws {
    let isTaken = lane.add(event, of: symbol, covered)
    try #require(isTaken)
  }

  @Test("greets with where each symbol is, then chains each symbol's messages")
  func chain() throws {
    var lane = AccountLane(account: 7, ends: ["A": 10, "B": 5], isGreeting: true, at: 0)
    let ready = try message(&lane)
    #expect(ready["ready"] as? Bool == true)
    #expect(ready["account"] as? Int == 7)
    #expect(ready["sequences"] as? [String: Int] == ["A": 10, "B": 5])
    #expect(!lane.hasSomething)

    // Messages of the engine in between had nothing for this account.
    try add("{\"n\":1}", of: "A", 14...16, to: &lane)
    try add("{\"n\":2}", of: "A", 17...20, to: &lane)
    try add("{\"n\":3}", of: "B", 6...6, to: &lane)
    try add("{\"n\":4}", of: "A", 21...22, to: &lane)
    var found: [[String: Any]] = []
    while lane.hasSomething { found.append(try message(&lane)) }
    #expect(found.map { $0["symbol"] as? String } == ["A", "B", "A"])
    #expect(found.map { $0["firstSequence"] as? Int } == [11, 6, 21])
    #expect(found.map { $0["lastSequence"] as? Int } == [20, 6, 22])
    #expect(
      found.map { ($0["events"] as? [[String: Int]])?.map { $0["n"] } } == [[1, 2], [3], [4]])
  }

  @Test("shows a hole where the engine left something out")
  func hole() throws {
    var lane = AccountLane(account: 7, ends: ["A": 10], isGreeting: false, at: 0)
    lane.skip("A", to: 30)
    try add("{}", of: "A", 31...32, to: &lane)
    #expect(try message(&lane)["firstSequence"] as? Int == 31)
  }

  @Test("greets again for a further listener, after what waits")
  func second() throws {
    var lane = AccountLane(account: 7, ends: ["A": 10], isGreeting: true, at: 0)
    _ = try message(&lane)
    try add("{}", of: "A", 11...12, to: &lane)
    lane.enter(ends: ["A": 12], at: 1)
    #expect(try message(&lane)["lastSequence"] as? Int == 12)
    #expect(try message(&lane)["sequences"] as? [String: Int] == ["A": 12])
    #expect(!lane.hasSomething)
  }

  @Test("greets again when nobody heard, behind what happened meanwhile")
  func unheard() throws {
    var lane = AccountLane(account: 7, ends: ["A": 10], isGreeting: true, at: 0)
    _ = try message(&lane)
    try add("{}", of: "A", 11...12, to: &lane)
    _ = try message(&lane)
    lane.greetAgain(ends: ["A": 15], at: 5)
    let ready = try message(&lane)
    #expect(ready["ready"] as? Bool == true)
    #expect(ready["sequences"] as? [String: Int] == ["A": 15])
    #expect(!lane.hasSomething)
  }

  @Test("drops everything rather than grow without bound")
  func bound() {
    var lane = AccountLane(account: 7, ends: [:], isGreeting: false, at: 0)
    let event = "{\"x\":\"\(String(repeating: "y", count: 1000))\"}"
    let kept = (1...2000).prefix { lane.add(event, of: "A", UInt64($0)...UInt64($0)) }.count
    #expect(kept > 500 && kept < 1100)
    #expect(!lane.hasSomething)
  }
}
