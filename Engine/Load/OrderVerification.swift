import Postgres
import Store
import Wire

/// Whether what a run was told is what the database holds.
public struct OrderVerification: Equatable, Sendable {
  /// Orders that were acknowledged.
  public var acknowledged: UInt64 = 0
  /// Of these: not in the table, or not in the journal.
  public var missing: UInt64 = 0
  /// There under another order id than the one told.
  public var different: UInt64 = 0
  /// Client order ids, or order ids, that are there more than once.
  public var doubled: UInt64 = 0
  /// Orders that were refused and are there all the same.
  public var refusedButThere: UInt64 = 0
  /// Orders without an answer: how many, and how many of them are there.
  public var unknown: UInt64 = 0
  public var unknownButThere: UInt64 = 0
  /// A few of what was wrong, to look at.
  public var examples: [String] = []

  public init() {}

  public var isRight: Bool { missing + different + doubled + refusedButThere == 0 }

  static func + (left: OrderVerification, right: OrderVerification) -> OrderVerification {
    var sum = left
    sum.acknowledged += right.acknowledged
    sum.missing += right.missing
    sum.different += right.different
    sum.doubled += right.doubled
    sum.refusedButThere += right.refusedButThere
    sum.unknown += right.unknown
    sum.unknownButThere += right.unknownButThere
    sum.examples += right.examples
    return sum
  }
}

extension OrderVerification {
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Compares a run's own record with the journal, which is the truth, and with the table of
  /// orders, which follows it. Waits until the tables are as far as the journal.
  ///
  /// Commands of other clients are read past; so the exchange may be in use.
  ///
  /// The first of the databases knows all symbols; the others are those of further shards. Each
  /// is asked for its own symbols: of one that moves another has rows too.
  public init(_ record: OrderRecord, databases: [String], waitSeconds: Int = 60) throws {
    var (table, journal) = (Found(), Found())
    var all: [Symbol] = []
    for (shard, database) in databases.enumerated() {
      let connection = try Connection(database, name: "outcry-load")
      if shard == 0 { all = try Symbols.list(connection).map(\.symbol) }
      let isAlone = databases.count == 1
      let symbols = Set(all.filter { isAlone || Int($0.shard) == shard }.map(\.id))
      try OrderVerification.waitForTables(connection, of: symbols, seconds: waitSeconds)
      try OrderVerification.readTable(of: record.run, symbols, connection, into: &table)
      try OrderVerification.readJournal(of: record.run, symbols, connection, into: &journal)
    }
    compare(record, table: table, journal: journal)
  }

  /// An order and how many there are under its key.
  typealias Found = [Key: (id: UInt64, times: Int)]

  struct Key: Hashable {
    var thread: UInt32
    var number: UInt64

    /// Of "run.thread.number"; nil when it is of another run.
    init?(_ bytes: UnsafeRawBufferPointer, run: [UInt8]) {
      guard bytes.count > run.count, bytes.starts(with: run) else { return nil }
      let rest = UnsafeRawBufferPointer(rebasing: bytes[run.count...])
      guard let thread = BodyScan.integer(in: rest, at: 0), let point = rest.firstIndex(of: 0x2e),
        let number = BodyScan.integer(in: rest, at: point + 1)
      else { return nil }
      self.thread = UInt32(truncatingIfNeeded: thread)
      self.number = number
    }
  }

  private static func waitForTables(
    _ connection: Connection, of symbols: Set<UInt32>, seconds: Int
  ) throws {
    let until = Clock.nanos() + Int64(seconds) * 1_000_000_000
    let goal = try connection.query(
      "select symbol_id, max(last_sequence) from journal group by symbol_id")
    for row in 0..<goal.count where symbols.contains(UInt32(goal.int64(row, 0))) {
      let (symbol, sequence) = (goal.int64(row, 0), goal.int64(row, 1))
      while true {
        let rows = try connection.query(
          "select sequence from projections where symbol_id = $1", .int32(Int32(symbol)))
        let reached = rows.isEmpty ? 0 : rows.int64(0, 0)
        if reached >= sequence { break }
        guard Clock.nanos() < until else {
          throw Failure(
            description: "the tables of orders stay \(sequence - reached) commands behind")
        }
        pause(milliseconds: 20)
      }
    }
  }

  private static func readTable(
    of run: String, _ symbols: Set<UInt32>, _ connection: Connection, into found: inout Found
  ) throws {
    let prefix = Array("\(run).".utf8)
    try connection.copyOut(
      "select order_id, client_order_id from orders where starts_with(client_order_id, '\(run).')"
    ) { row in
      let id = UInt64(bitPattern: row.int64())
      let key = row.next().flatMap { Key($0, run: prefix) }
      if let key, symbols.contains(OrderID.symbol(of: id)) {
        found[key] = (id, (found[key]?.times ?? 0) + 1)
      }
      return true
    }
  }

  private static func readJournal(
    of run: String, _ symbols: Set<UInt32>, _ connection: Connection, into found: inout Found
  ) throws {
    let prefix = Array("\(run).".utf8)
    for symbol in symbols {
      // The journal may have been shortened; a gap inside it is for `outcry verify` to judge.
      let first = try connection.query(
        "select min(sequence) from journal where symbol_id = $1",
        .int32(Int32(symbol)))
      guard !first.isNull(0, 0) else { continue }
      let reader = JournalReader(symbol: symbol, connection: connection)
      try reader.read(from: UInt64(first.int64(0, 0))) { commands, _ in
        for command in commands where command.kind == CommandKind.place.rawValue {
          let key = command.withKey { Key($0, run: prefix) }
          guard let key else { continue }
          found[key] = (command.order_id, (found[key]?.times ?? 0) + 1)
        }
        return true
      }
    }
  }

  private mutating func compare(_ record: OrderRecord, table: Found, journal: Found) {
    for entry in record.entries {
      let key = Key(thread: entry.thread, number: entry.number)
      let rows = [table[key], journal[key]]
      let isThere = rows.contains { $0 != nil }
      if rows.contains(where: { ($0?.times ?? 0) > 1 }) {
        doubled += 1
        note("\(record.key(entry)) is there twice")
      }
      switch entry.fate {
      case .acknowledged(let id):
        acknowledged += 1
        if rows.contains(where: { $0 == nil }) {
          missing += 1
          note("\(record.key(entry)), order \(id), is missing")
        } else if rows.contains(where: { $0?.id != id }) {
          different += 1
          note("\(record.key(entry)) is not order \(id)")
        }
      case .refused:
        if isThere {
          refusedButThere += 1
          note("\(record.key(entry)) was refused and is there")
        }
      case .unknown:
        unknown += 1
        if isThere { unknownButThere += 1 }
      }
    }
    noteSharedIDs(record)
  }

  /// Two acknowledgements of one order would both be found.
  private mutating func noteSharedIDs(_ record: OrderRecord) {
    var seen = Set<UInt64>(minimumCapacity: record.entries.count)
    for entry in record.entries {
      guard case .acknowledged(let id) = entry.fate, !seen.insert(id).inserted else { continue }
      doubled += 1
      note("\(record.key(entry)) got order \(id), which another one got too")
    }
  }

  private mutating func note(_ example: String) {
    if examples.count < 5 { examples.append(example) }
  }
}

extension OrderVerification.Key {
  init(thread: UInt32, number: UInt64) {
    self.thread = thread
    self.number = number
  }
}

extension OrderVerification {
  public var line: String {
    var text = "\(acknowledged) acknowledged orders: "
    text +=
      isRight
      ? "each is in PostgreSQL exactly once"
      : "\(missing) missing, \(different) different, \(doubled) doubled, "
        + "\(refusedButThere) refused and there"
    if unknown > 0 { text += "; \(unknown) without an answer, \(unknownButThere) of them there" }
    return text
  }

  var json: JSON {
    [
      "acknowledged": .int(acknowledged), "missing": .int(missing), "different": .int(different),
      "doubled": .int(doubled), "refusedButThere": .int(refusedButThere),
      "unknown": .int(unknown), "unknownButThere": .int(unknownButThere),
      "examples": .array(examples.map { .text($0) }),
    ]
  }

  init?(_ json: JSON) {
    func number(_ name: String) -> UInt64 { UInt64(json[name]?.int ?? 0) }
    guard json["acknowledged"]?.int != nil else { return nil }
    acknowledged = number("acknowledged")
    (missing, different, doubled) = (number("missing"), number("different"), number("doubled"))
    refusedButThere = number("refusedButThere")
    (unknown, unknownButThere) = (number("unknown"), number("unknownButThere"))
    examples = json["examples"]?.array?.compactMap(\.text) ?? []
  }
}
