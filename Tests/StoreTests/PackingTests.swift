import Postgres
import Store
import TestSupport
import Testing
import Wire

@Suite("Commands packed in a row of the journal")
struct PackingTests {
  private static let stride = MemoryLayout<Command>.stride

  /// In rows as the journal would make them, each with the sequence it begins with.
  private func pack(_ commands: [Command]) -> [(first: UInt64, bytes: [UInt8])] {
    var rows: [(first: UInt64, bytes: [UInt8])] = []
    var rest = commands[...]
    while !rest.isEmpty {
      var room = [UInt8](repeating: 0xEE, count: Journal.rowLength)
      let (count, length) = rest.withUnsafeBufferPointer { commands in
        room.withUnsafeMutableBytes { CommandPacking.pack(commands, into: $0) }
      }
      rows.append((rest.first!.sequence, Array(room[..<length])))
      rest = rest.dropFirst(count)
    }
    return rows
  }

  private func unpack(_ bytes: [UInt8], from first: UInt64, most: Int = 10_000) -> [Command]? {
    let padded = bytes + [UInt8](repeating: 0xAA, count: CommandPacking.slack)
    var commands = [Command](repeating: Command(), count: most)
    let count = padded.withUnsafeBytes { padded in
      commands.withUnsafeMutableBufferPointer { commands in
        CommandPacking.unpack(
          UnsafeRawBufferPointer(rebasing: padded[..<bytes.count]), from: first, into: commands)
      }
    }
    return count.map { Array(commands[..<$0]) }
  }

  private func bytes(of commands: [Command]) -> [UInt8] { commands.withUnsafeBytes(Array.init) }

  private func expectSame(_ commands: [Command], _ what: String) {
    let rows = pack(commands)
    var found: [Command] = []
    for row in rows { found += unpack(row.bytes, from: row.first) ?? [] }
    #expect(bytes(of: found) == bytes(of: commands), "\(what)")
    #expect(rows.allSatisfy { $0.bytes.count <= Journal.rowLength })
  }

  /// Places with what an engine and a worker write into them.
  private func orders(
    _ count: Int, random: inout SplitMix, key: (Int, inout SplitMix) -> String
  ) -> [Command] {
    let base: UInt64 = 7 << 40
    var time: Int64 = 1_790_000_000_000_000
    return (0..<count).map { index in
      time += Int64.random(in: 0...90, using: &random)
      var command = Command(.place, account: 1 + UInt64(random.oneIn(2) ? 1 : 0))
      command.sequence = 5_000_000 + UInt64(index)
      command.order_id = base | command.sequence
      command.time = time
      command.side = UInt8(command.account)
      command.type = 1
      command.time_in_force = 1
      command.self_trade_prevention = 1
      command.terms.price = Int64.random(in: 6_999_900...7_000_100, using: &random)
      command.terms.quantity = Int64.random(in: 1000...9000, using: &random)
      command.deadline = time * 1000 + 5_000_000_000
      command.origin = UInt64(index + 90_000)
      command.setKey(Array(key(index, &random).utf8))
      return command
    }
  }

  private static func name(_ random: inout SplitMix) -> String {
    String((0..<32).map { _ in "0123456789abcdef".randomElement(using: &random)! })
  }

  @Test("come back bit for bit, whatever is in them")
  func anything() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    for round in 0..<300 {
      var commands = [Command](repeating: Command(), count: Int.random(in: 1...90, using: &random))
      let density = [1, 3, 20, 200].randomElement(using: &random)!
      commands.withUnsafeMutableBytes { bytes in
        for index in bytes.indices where random.oneIn(density) {
          bytes[index] = UInt8.random(in: 0...255, using: &random)
        }
      }
      let first = random.oneIn(4) ? UInt64.max - 40 : UInt64.random(in: 0...9999, using: &random)
      for index in commands.indices { commands[index].sequence = first &+ UInt64(index) }
      expectSame(commands, "seed \(seed), round \(round)")
    }
  }

  @Test("come back with every kind of key, and with what only looks like one")
  func keys() {
    var random = SplitMix(seed: 3)
    let names = (0..<6).map { _ in PackingTests.name(&random) }
    var texts = ["", "~", "~s", "a", "client-123456"]
    for name in names {
      texts += ["~" + name, "~s" + name, "~x" + name, "x" + name, name, "~" + name + "~aab"]
      texts += ["~" + name.uppercased(), "~" + name.dropLast() + "g", "~" + name.dropLast() + ":"]
      texts += ["~" + name.dropLast() + "/", "~" + name.dropLast() + "`", "~s" + name + "z"]
    }
    texts.shuffle(using: &random)
    var commands = orders(400, random: &random) { index, _ in texts[index % texts.count] }
    expectSame(commands, "keys")
    // A length that does not fit, and bytes behind the end.
    for index in commands.indices where random.oneIn(3) {
      commands[index].key_length = UInt8.random(in: 31...36, using: &random)
      withUnsafeMutableBytes(of: &commands[index].key) { $0[39] = random.oneIn(2) ? 0 : 7 }
    }
    expectSame(commands, "lengths")
  }

  @Test("take a tenth of what they take as they are")
  func length() {
    var random = SplitMix(seed: 4)
    func each(_ key: (Int, inout SplitMix) -> String) -> Double {
      let rows = pack(orders(1000, random: &random, key: key))
      return Double(rows.map(\.bytes.count).reduce(0, +)) / 1000
    }
    let named = each { _, random in "~" + PackingTests.name(&random) }
    #expect(named < 36, "\(named) bytes an order that nginx named")
    let signed = each { _, random in "~s" + PackingTests.name(&random) }
    #expect(signed < 36, "\(signed) bytes an order that is signed")
    let counted = each { index, _ in "bot-7.\(1000 + index)" }
    #expect(counted < 22, "\(counted) bytes an order that its client counts")
    let batch = "~" + PackingTests.name(&random)
    let together = each { index, _ in
      batch + "~" + [index >> 8, index >> 4, index].map { "abcdefghijklmnop"[$0 & 15] }.joined()
    }
    #expect(together < 22, "\(together) bytes an order of a batch")
  }

  @Test("that were cut or changed are either refused or something else, never a crash")
  func damaged() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    let orders = orders(60, random: &random) { index, random in
      index % 2 == 0 ? "~" + PackingTests.name(&random) : "k\(index)"
    }
    let (first, whole) = pack(orders)[0]
    for length in 0..<whole.count {
      let found = unpack(Array(whole[..<length]), from: first)
      #expect(found == nil || found!.count < orders.count, "\(length) bytes")
    }
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      _ = unpack(bytes, from: first)
      _ = unpack(bytes, from: first, most: 20)
      let noise = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = unpack(noise, from: first)
    }
    #expect(unpack(whole, from: first, most: 59) == nil)
  }
}

extension String {
  fileprivate subscript(index: Int) -> String {
    String(self[self.index(startIndex, offsetBy: index)])
  }
}
