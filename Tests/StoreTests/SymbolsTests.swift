import Postgres
import Store
import TestSupport
import Testing
import Wire

@Suite("Symbols", .serialized)
struct SymbolsTests {
  let connection: Connection

  init() throws {
    connection = try Connection(TestPostgres.shared.newDatabase())
    try Schema.migrate(connection)
  }

  func draft(_ name: String, price: Int64 = 1_000_000, quantity: Int64 = 1_000_000) -> Symbol {
    var rules = Rules()
    rules.max_price = price
    rules.max_quantity = quantity
    rules.price_band_bps = 500
    return Symbol(
      id: 0, name: name, base: "EUR", quote: "USD", tick: Scale(digits: 5, units: 5),
      lot: Scale(digits: 0, units: 100), rules: rules, shard: 2)
  }

  @Test("that are added get the next id and come back as they were")
  func add() throws {
    let added = try Symbols.add(draft("EUR-USD"), connection)
    #expect(added.symbol.id == 6)
    let found = try #require(try Symbols.find("EUR-USD", connection))
    #expect(found == added)
    #expect(found.symbol.tick == Scale(digits: 5, units: 5))
    #expect(found.symbol.rules.price_band_bps == 500)
    #expect(found.symbol.shard == 2)
    #expect(found.state == MarketState.trading.rawValue)
  }

  @Test("with a name that is taken, or rules that could overflow, are refused")
  func refused() throws {
    func refusal(_ symbol: Symbol) -> String? {
      do throws(SymbolError) {
        _ = try Symbols.add(symbol, connection)
        return nil
      } catch { return "\(error)" }
    }
    #expect(refusal(draft("AAPL")) == "symbol AAPL exists already")
    #expect(refusal(draft("bad name"))?.hasPrefix("name: ") == true)
    #expect(refusal(draft("-X"))?.hasPrefix("name: ") == true)
    #expect(refusal(draft("X", price: .max, quantity: 2))?.hasPrefix("maxPrice: ") == true)
    #expect(refusal(draft("X", price: 0))?.hasPrefix("maxPrice: ") == true)
    #expect(try Symbols.list(connection).count == 5)
  }

  @Test("seeded in a fresh set-up keep the rules they would be checked by")
  func seeds() throws {
    for stored in try Symbols.list(connection) { try Symbols.validate(stored.symbol) }
  }
}
