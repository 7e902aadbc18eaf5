import Foundation
import TestSupport
import Testing

@Suite("An order through the whole stack", .serialized)
struct OrderTests {
  @Test("travels from nginx to the journal and is seen everywhere afterwards")
  func journey() throws {
    let exchange = try Exchange()
    let seller = try exchange.trader()
    let buyer = try exchange.trader()

    let sold = seller.place("sell", "0.5", at: "70000.00", key: "first")
    #expect(sold.status == 201, "\(sold)")
    #expect(sold["status"] as? String == "open")
    #expect(buyer.best("asks") == ["70000.00", "0.50000"])

    let bought = buyer.place("buy", "0.2", at: "70010")
    #expect(bought.status == 201, "\(bought)")
    #expect(bought["status"] as? String == "filled")
    #expect(bought["averagePrice"] as? String == "70000.00")
    let fill = try #require((bought["fills"] as? [[String: Any]])?.first)
    #expect(fill["counterOrderId"] as? Int == sold["orderId"] as? Int)
    #expect(buyer.best("asks") == ["70000.00", "0.30000"])

    let id = try #require(sold["orderId"] as? Int)
    let seen = seller.call("GET", "/api/orders/\(id)")
    #expect(seen["status"] as? String == "partially_filled", "\(seen)")
    #expect(seen["remainingQuantity"] as? String == "0.30000")
    #expect(buyer.call("GET", "/api/orders/\(id)").status == 404)
    let trades = exchange.anyone().call("GET", "/api/trades/BTC-USD")
    #expect(trades.raw.body.contains("\"price\":\"70000.00\""), "\(trades)")

    let again = seller.place("sell", "0.5", at: "70000.00", key: "first")
    #expect(again["orderId"] as? Int == id)
    #expect(again["duplicate"] as? Bool == true)
    #expect(seller.place("sell", "0.6", at: "70000.00", key: "first").status == 409)

    let cancelled = seller.call("DELETE", "/api/orders/\(id)")
    #expect(cancelled["status"] as? String == "cancelled", "\(cancelled)")
    #expect(seller.call("DELETE", "/api/orders/\(id)").status == 404)
    #expect(buyer.best("asks") == nil)
    #expect(try exchange.count("select count(*) from trades") == 1)
  }

  @Test("a symbol is added and traded while everything runs; workers come and go")
  func operations() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    #expect(exchange.outcry("symbols", "add", "SOL-USD").status == 0)
    #expect(exchange.outcry("symbols", "add", "SOL-USD").output.contains("exists already"))
    #expect(
      eventually {
        trader.place("buy", "1", at: "150.25", symbol: "SOL-USD").status == 201
      })
    #expect(exchange.outcry("symbols", "list").output.contains("SOL-USD"))
    #expect(exchange.outcry("scale", "workers", "4").status == 0)
    #expect(try eventually { try exchange.living(.worker).count == 4 })
    #expect(exchange.outcry("scale", "workers", "1").status == 0)
    #expect(try eventually { try exchange.living(.worker).count == 1 })
    let status = exchange.outcry("status")
    #expect(status.status == 0)
    #expect(status.output.contains("SOL-USD"))
    #expect(exchange.outcry("down").status == 0)
    let segments = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
    #expect(!segments.contains { $0.contains(exchange.instance) })
  }
}
