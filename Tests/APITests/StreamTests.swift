import API
import TestSupport
import Testing

@Suite("Names of streams")
struct StreamTests {
  private func query(_ text: String, ofAccount: Bool = false) throws -> StreamsQuery {
    try Array(text.utf8).withUnsafeBytes { bytes throws(APIError) in
      try StreamsQuery(bytes, ofAccount: ofAccount)
    }
  }

  @Test("are taken in any order, each once, with the slash as it is or escaped")
  func names() throws {
    let names = ["book.BTC-USD", "candles.15m.A.B", "ticker.X", "trades.BTC-USD"]
    let found = try query(
      "streams=trades.BTC-USD/ticker.X%2fcandles.15m.A.B/book.BTC-USD%2Ftrades.BTC-USD")
    #expect(found.streams.map(\.text) == names)
    #expect(found.streams.map(\.symbol) == ["BTC-USD", "A.B", "X", "BTC-USD"])
  }

  @Test(
    "that nobody knows are refused",
    arguments: [
      "", "trades", "trades.", "trades.btc", "foo.BTC-USD", "candles.BTC-USD",
      "candles.2m.BTC-USD", "trades.BTC-USD/", "/trades.BTC-USD", "account.7", "accounts", "all",
      "trades.BTC-USD/account.7", "trades.BTC%00", "trades.A/../b", "Trades.BTC-USD",
    ])
  func unknown(names: String) {
    let error = #expect(throws: APIError.self) { try query("streams=\(names)") }
    #expect(error?.status == 400)
    #expect(error?.field == "streams")
  }

  @Test("are bounded in number, and needed only without an account")
  func bounds() throws {
    let many = (0...StreamName.mostInOneConnection).map { "book.S\($0)" }
    #expect(throws: APIError.self) { try query("streams=" + many.joined(separator: "/")) }
    let enough = try query("streams=" + many.dropLast().joined(separator: "/"))
    #expect(enough.streams.count == StreamName.mostInOneConnection)
    #expect(throws: APIError.self) { try query("") }
    #expect(throws: APIError.self) { try query("token=x") }
    #expect(try query("token=x", ofAccount: true).token == "x")
    #expect(try query("", ofAccount: true).streams.isEmpty)
  }
}
