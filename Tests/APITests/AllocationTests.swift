import API
import CAllocations
import Testing
import Wire

@Suite("Memory on the order path")
struct AllocationTests {
  /// How many allocations a thousand calls make, after one to warm up.
  private func allocations(_ body: () -> Void) -> UInt64 {
    body()
    let before = outcry_allocations()
    for _ in 0..<1000 { body() }
    return outcry_allocations() - before
  }

  @Test("the counter counts")
  func counter() {
    var kept: [[Int]] = []
    #expect(allocations { kept.append([kept.count]) } >= 1000)
  }

  @Test("reading an order takes none")
  func reading() {
    let bodies = [
      Fixtures.limit(["clientOrderId": "\"a1\"", "postOnly": "true"]),
      Fixtures.limit(["type": "\"market\"", "price": nil, "selfTradePrevention": "\"none\""]),
      Fixtures.limit(["timeInForce": "\"GTD\"", "expiresAt": "5", "displayQuantity": "0.1"]),
    ]
    for body in bodies.map({ Array($0.utf8) }) {
      body.withUnsafeBytes { bytes in
        let made = allocations {
          let order = try? OrderRequest.parse(bytes) { Fixtures.table.entry(named: $0) }
          if order == nil { Issue.record("not taken") }
        }
        #expect(made == 0)
      }
    }
  }

  @Test("finding the route takes none")
  func routing() {
    let method = Array("POST".utf8)
    let path = Array("/api/orders".utf8)
    method.withUnsafeBytes { method in
      path.withUnsafeBytes { path in
        #expect(allocations { _ = try? Route.match(method: method, path: path) } == 0)
      }
    }
  }

  @Test("writing an order and a book takes none")
  func writing() {
    let levels = (0..<50).map { outcry_level(price: 7_000_000 - $0, quantity: 50_000) }
    let answer = AnswerTests.partlyFilled
    var output = JSONOutput()
    AnswerTests.fills.withUnsafeBufferPointer { fills in
      levels.withUnsafeBufferPointer { levels in
        let made = allocations {
          output.clear()
          output.order(answer, fills: fills, entry: Fixtures.bitcoin)
          output.clear()
          output.book(Fixtures.bitcoin, sequence: 1, time: 2, bids: levels, asks: levels)
        }
        #expect(made == 0)
      }
    }
  }
}
