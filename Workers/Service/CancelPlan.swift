import Postgres
import SharedMemory

/// To which symbols a cancel of everything goes. It is written down first, so that the call, when
/// it is repeated, goes to the same ones: those that answered are asked for their first answer, and
/// an order that was placed since, elsewhere, stays.
struct CancelPlan {
  /// A week of microseconds. No engine remembers a key for longer on a busy symbol.
  private static let keptMicros = 604_800_000_000

  let symbols: [UInt32]
  let isRepeated: Bool

  /// May be run twice.
  init(of command: Command, among symbols: [Int64]?, _ connection: Connection)
    throws(PostgresError)
  {
    let account = Int64(command.account)
    let open =
      "select distinct symbol_id from orders where account = $1 and is_open\(Tables.own(symbols))"
    let key = command.withKey { String(decoding: $0, as: UTF8.self) }
    guard !key.isEmpty else {
      self.symbols = CancelPlan.list(try connection.query(open, .int64(account)))
      isRepeated = false
      return
    }
    _ = try connection.query(
      """
      delete from mass_cancels where account = $1
        and created_at < extract(epoch from now()) * 1000000 - \(CancelPlan.keptMicros)
      """, .int64(account))
    let made = try connection.query(
      """
      insert into mass_cancels (account, key, symbols) values ($1, $2, array(\(open)))
      on conflict do nothing
      """, .int64(account), .text(key))
    isRepeated = made.affected == 0
    self.symbols = CancelPlan.list(
      try connection.query(
        "select unnest(symbols) from mass_cancels where account = $1 and key = $2",
        .int64(account), .text(key)))
  }

  private static func list(_ rows: borrowing Rows) -> [UInt32] {
    (0..<rows.count).map { UInt32(rows.int64($0, 0)) }
  }
}
