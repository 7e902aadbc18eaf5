import Load
import Testing

@Suite("An expectation")
struct ObjectiveTests {
  /// Ten requests of 1 to 10 ms, one error.
  private func result() throws -> LoadResult {
    var latency = LatencyHistogram()
    for millis in 1...10 { latency.record(Int64(millis) * 1_000_000) }
    let text = """
      {"format": "outcry-load-1", "profile": "orders", "runs": ["L1"], "startedAt": 1,
       "offered": null, "clients": 4, "seconds": 2, "answered": 10, "orders": 8, "unsent": 0,
       "errors": {"timeout": 1}, "refused": {"no_liquidity": 2},
       "registrations": {"asked": 0, "made": 0, "failed": {}, "latency": \(
        LatencyHistogram().json.written)},
       "generator": {"threads": 1, "processorSeconds": 0.1},
       "service": \(LatencyHistogram().json.written),
       "operations": {"order": \(latency.json.written)},
       "timeline": [], "steps": [], "verification": null, "machines": []}
      """
    return try #require(LoadResult(try JSON(parsing: text)))
  }

  @Test(
    "is met or missed",
    arguments: [
      ("p50<=5.01ms", true), ("p50<5ms", false), ("p99<20ms", true), ("p99.99<9.9ms", false),
      ("max<=10ms", true), ("mean<6000us", true), ("errors=0", false), ("errors<=10%", true),
      ("errors<10%", false), ("errors<2", true), ("refused=2", true), ("unsent=0", true),
      ("rate>=5", true), ("rate>5", false), ("order-rate>=4", true), ("orders=8", true),
      ("requests=10", true), ("knee>1", false), ("p99 < 1s", true),
    ])
  func judged(text: String, holds: Bool) throws {
    let judgement = try Objective(text).judge(try result())
    #expect(judgement.holds == holds, "found \(judgement.foundText)")
  }

  @Test("stands in a list")
  func list() throws {
    let list = try Objective.list("p50<3ms, p99<20ms,errors=0")
    #expect(list.map(\.text) == ["p50<3ms", "p99<20ms", "errors=0"])
    #expect(list[0].wanted == 3e6 && list[0].relation == .below)
  }

  @Test(
    "that makes no sense is refused with a reason",
    arguments: [
      ("", "looks like"), ("p99", "none of"), ("p99<20", "unit"), ("p99<20%", "unit"),
      ("p0<1ms", "not measured"), ("p100<1ms", "not measured"), ("speed>1", "not measured"),
      ("errors<-1", "number"), ("rate>5%", "number"), ("errors<1ms", "number"),
      ("p99<nanms", "unit"), ("rate>inf", "number"),
    ])
  func refused(text: String, reason: String) {
    let failure = #expect(throws: ObjectiveFailure.self) { try Objective.list(text) }
    #expect(failure?.description.contains(reason) == true, "\(failure?.description ?? "")")
  }

  @Test("on a percentile is not met by a run without answers")
  func nothing() throws {
    let empty = try LoadResult.merged([try result()])
    #expect(try Objective("p99<1s").judge(empty).holds)
    var json = empty.json.written
    json.replace(/"operations": \{[^}]*\}\n? *\}/, with: "\"operations\": {}")
    let nobody = try #require(LoadResult(try JSON(parsing: json)))
    #expect(try !Objective("p99<1s").judge(nobody).holds)
  }
}
