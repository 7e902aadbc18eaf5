import Foundation
import SharedMemory
import Synchronization
import TestSupport
import Testing

@Suite("The rate limiter")
struct RateLimiterTests {
  private let scratch = Scratch()

  private func limiter() throws -> RateLimiter {
    try ExchangeSegment.openOrCreate(scratch.instance).rateLimiter()
  }

  /// How many of so many requests at one moment may go on.
  private func admitted(
    _ limiter: RateLimiter, _ count: Int, of account: UInt64, rate: Int, at now: Int64
  ) -> Int {
    (0..<count).count { _ in limiter.take(1, .requests, of: account, rate: rate, now: now) == 0 }
  }

  @Test("lets a second's worth go at once, then so many a second, and says how long to wait")
  func rate() throws {
    let limiter = try limiter()
    let start: Int64 = 5_000_000
    #expect(admitted(limiter, 30, of: 7, rate: 10, at: start) == 10)
    #expect(limiter.take(1, .requests, of: 7, rate: 10, now: start) == 100_000)
    #expect(limiter.take(1, .requests, of: 7, rate: 10, now: start + 99_999) == 1)
    #expect(limiter.take(1, .requests, of: 7, rate: 10, now: start + 100_000) == 0)
    #expect(admitted(limiter, 30, of: 7, rate: 10, at: start + 600_000) == 5)
    #expect(admitted(limiter, 30, of: 7, rate: 10, at: start + 60_000_000) == 10)
  }

  @Test("counts accounts, and requests and orders, apart")
  func apart() throws {
    let limiter = try limiter()
    for account: UInt64 in 0..<5000 {
      #expect(admitted(limiter, 3, of: account, rate: 2, at: 1) == 2)
      #expect(limiter.take(2, .orders, of: account, rate: 2, now: 1) == 0)
      #expect(limiter.take(1, .orders, of: account, rate: 2, now: 1) > 0)
    }
  }

  @Test("what costs more than a second's worth goes when nothing is owed, and is owed then")
  func large() throws {
    let limiter = try limiter()
    #expect(limiter.take(1000, .orders, of: 1, rate: 100, now: 0) == 0)
    #expect(limiter.take(1, .orders, of: 1, rate: 100, now: 9_000_000) == 10_000)
    #expect(limiter.take(1, .orders, of: 1, rate: 100, now: 9_010_000) == 0)
    #expect(limiter.take(1000, .orders, of: 1, rate: 100, now: 9_500_000) > 0)
    #expect(limiter.take(1000, .orders, of: 1, rate: 100, now: 10_020_000) == 0)
  }

  @Test("accounts that share a set do not pay for each other")
  func sharedSet() throws {
    let limiter = try limiter()
    // Every 2,048th account falls into the same set of eight buckets.
    let accounts = (0..<8).map { UInt64($0) * 2048 }
    for account in accounts { #expect(admitted(limiter, 5, of: account, rate: 2, at: 0) == 2) }
    // The ninth finds no bucket and is not limited, until one of the others falls silent.
    #expect(admitted(limiter, 5, of: 9 * 2048, rate: 2, at: 0) == 5)
    #expect(admitted(limiter, 5, of: 9 * 2048, rate: 2, at: 5_000_000) == 2)
    #expect(admitted(limiter, 5, of: accounts[3], rate: 2, at: 5_000_000) == 2)
  }

  @Test("owes nothing after any silence")
  func silence() throws {
    let limiter = try limiter()
    let years: Int64 = 250_000_000_000_000
    var random = SystemRandomNumberGenerator()
    for account: UInt64 in 1...500 {
      let first = Int64.random(in: 0..<years, using: &random)
      let later = first + 1_000_000 + Int64.random(in: 0..<years / 10, using: &random)
      #expect(admitted(limiter, 9, of: account, rate: 4, at: first) == 4)
      let again = admitted(limiter, 9, of: account, rate: 4, at: later)
      #expect(again == 4, "at \(first), then at \(later)")
    }
  }

  @Test("holds for the sum of all who ask at the same time")
  func together() throws {
    let name = scratch.instance
    let rate = 20_000
    let admitted = Atomic(0)
    let running = Atomic(0)
    let start = monotonicSeconds()
    for _ in 0..<4 {
      running.add(1, ordering: .relaxed)
      // Each with a mapping of its own, as processes have.
      let own = try ExchangeSegment.openOrCreate(name).rateLimiter()
      Thread {
        while monotonicSeconds() - start < 1 {
          if own.take(1, .requests, of: 3, rate: rate) == 0 { admitted.add(1, ordering: .relaxed) }
        }
        running.subtract(1, ordering: .releasing)
      }.start()
    }
    #expect(eventually { running.load(ordering: .acquiring) == 0 })
    let seconds = monotonicSeconds() - start
    let count = Double(admitted.load(ordering: .relaxed))
    #expect(count <= Double(rate) * (seconds + 1) + 4)
    #expect(count >= Double(rate) * 1.5)
  }
}
