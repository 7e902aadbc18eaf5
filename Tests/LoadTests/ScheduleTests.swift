import Load
import Testing

@Suite("What is due, and what is chosen")
struct ScheduleTests {
  private func plan(_ pace: Pace, seconds: Double) -> Plan {
    var plan = Plan(profile: "test", summary: "", pace: pace)
    plan.seconds = seconds
    return plan
  }

  @Test("an open pace is due evenly, however many threads share it", arguments: [1, 3, 4])
  func even(threads: Int) {
    let times = plan(.open(rate: 1000, spike: nil), seconds: 3).dueTimes(threads: threads)
    #expect(times.count == 3000)
    for (number, time) in times.enumerated() { #expect(abs(time - Int64(number) * 1_000_000) < 10) }
  }

  @Test("as many are due as the rate says, though no interval is a whole number")
  func counts() {
    for rate in [3.0, 7, 300, 999, 30_001] {
      let times = plan(.open(rate: rate, spike: nil), seconds: 2).dueTimes(threads: 1)
      #expect(times.count == Int(2 * rate), "\(rate)")
    }
  }

  @Test("a spike multiplies the rate at the end of each period, and only there")
  func spikes() {
    let spike = Pace.Spike(factor: 10, length: 1, period: 5)
    let times = plan(.open(rate: 100, spike: spike), seconds: 10).dueTimes(threads: 2)
    let bySecond = (0..<10).map { second in
      times.count { $0 / 1_000_000_000 == second }
    }
    for (second, count) in bySecond.enumerated() {
      let expected = second % 5 == 4 ? 1000 : 100
      #expect(abs(count - expected) <= expected / 50 + 2, "second \(second): \(count)")
    }
  }

  @Test("a closed pace is never due")
  func closed() {
    #expect(plan(.closed, seconds: 1).dueTimes(threads: 1).isEmpty)
  }

  @Test("symbols follow Zipf's law, or are chosen evenly")
  func zipf() {
    let skewed = Choice(zipf: 1, count: 4).drawn(100_000, seed: 5)
    let total = 1 + 1 / 2.0 + 1 / 3.0 + 1 / 4.0
    for (rank, count) in skewed.enumerated() {
      let expected = 100_000 / total / Double(rank + 1)
      #expect(abs(Double(count) - expected) < 0.05 * expected, "rank \(rank + 1): \(count)")
    }
    let even = Choice(zipf: 0, count: 4).drawn(100_000, seed: 5)
    #expect(even.allSatisfy { abs($0 - 25_000) < 1000 })
  }

  @Test("the same seed chooses the same again, another one differently")
  func seeds() {
    let choice = Choice(weights: [3, 2, 1])
    #expect(choice.drawn(1000, seed: 1) == choice.drawn(1000, seed: 1))
    #expect(choice.drawn(1000, seed: 1) != choice.drawn(1000, seed: 2))
    #expect(Choice(weights: [0, 1]).drawn(100, seed: 3) == [0, 100])
  }
}
