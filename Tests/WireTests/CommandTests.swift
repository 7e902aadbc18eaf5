import Testing
import Wire

@Suite("A command")
struct CommandTests {
  @Test("carries its key back byte for byte")
  func keyRoundTrip() {
    var command = Command(.place, account: 7)
    command.setKey(Array("abc-1".utf8))
    #expect(command.withKey { Array($0) } == Array("abc-1".utf8))
  }

  @Test("carries rules in the place of its terms")
  func rulesRoundTrip() {
    var command = Command(.configure)
    var rules = Rules()
    rules.max_price = 42
    rules.max_open_orders = 9
    command.rules = rules
    #expect(command.rules.max_price == 42)
    #expect(command.rules.max_open_orders == 9)
  }

  @Test("order ids name their symbol and stay below 2^53")
  func orderIDs() {
    let id = OrderID.make(symbol: 8191, sequence: 1 << 40 - 1)
    #expect(OrderID.symbol(of: id) == 8191)
    #expect(OrderID.sequence(of: id) == 1 << 40 - 1)
    #expect(id < 1 << 53)
  }
}
