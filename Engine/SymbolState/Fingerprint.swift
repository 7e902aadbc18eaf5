import Wire

/// 128 bits that stand for an idempotency key: the account, who chose the key, and the key itself.
///
/// SipHash-2-4 with a 128-bit result and a fixed key: the same in every process and release, since
/// it decides what a replay does. Two different keys of the last million collide with a probability
/// below 2^-87.
struct Fingerprint: Equatable {
  var high: UInt64
  var low: UInt64

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  init(keyOf command: borrowing Command) {
    var hash = SipHash()
    hash.absorb(command.account)
    hash.absorb(
      UInt64(command.flags & OrderFlags.clientKey.rawValue) << 8
        | UInt64(command.key_length))
    command.withKeyWords { hash.absorb($0) }
    (high, low) = hash.finish()
  }

  /// What the command asks for, so that a key used again for something else is noticed.
  static func content(of command: borrowing Command) -> UInt64 {
    var hash = SipHash()
    hash.absorb(
      UInt64(command.kind) | UInt64(command.side) << 8 | UInt64(command.type) << 16
        | UInt64(command.time_in_force) << 24 | UInt64(command.self_trade_prevention) << 32
        | UInt64(command.flags) << 40)
    // A new order's id is the engine's own doing, not something the client asked for.
    hash.absorb(command.kind == CommandKind.place.rawValue ? 0 : command.order_id)
    // Nor are the limits that it leaves as they are.
    var terms = command.terms
    if command.kind == CommandKind.configure.rawValue, command.changes != 0 {
      hash.absorb(UInt64(command.changes))
      var named = Command(.configure)
      named.rules = Rules().taking(Limits(rawValue: command.changes), from: command.rules)
      terms = named.terms
    }
    withUnsafeBytes(of: terms) { terms in
      for offset in stride(from: 0, to: terms.count, by: 8) {
        hash.absorb(terms.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      }
    }
    return hash.finish().high
  }
}

extension outcry_command {
  /// The key as whole words; what lies behind its end is zero.
  fileprivate func withKeyWords(_ body: (UInt64) -> Void) {
    withUnsafeBytes(of: key) { key in
      for offset in stride(from: 0, to: key.count, by: 8) {
        body(key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      }
    }
  }
}

private struct SipHash {
  private var v0: UInt64 = 0x736f_6d65_7073_6575 ^ 0x6f75_7463_7279_2d6b
  private var v1: UInt64 = 0x646f_7261_6e64_6f6d ^ 0x6579_2d77_696e_646f ^ 0xee
  private var v2: UInt64 = 0x6c79_6765_6e65_7261 ^ 0x6f75_7463_7279_2d6b
  private var v3: UInt64 = 0x7465_6462_7974_6573 ^ 0x6579_2d77_696e_646f
  private var words: UInt64 = 0

  mutating func absorb(_ word: UInt64) {
    v3 ^= word
    round()
    round()
    v0 ^= word
    words += 1
  }

  mutating func finish() -> (high: UInt64, low: UInt64) {
    absorb(words << 56)
    v2 ^= 0xee
    for _ in 0..<4 { round() }
    let high = v0 ^ v1 ^ v2 ^ v3
    v1 ^= 0xdd
    for _ in 0..<4 { round() }
    return (high, v0 ^ v1 ^ v2 ^ v3)
  }

  private mutating func round() {
    v0 &+= v1
    v1 = rotate(v1, 13) ^ v0
    v0 = rotate(v0, 32)
    v2 &+= v3
    v3 = rotate(v3, 16) ^ v2
    v0 &+= v3
    v3 = rotate(v3, 21) ^ v0
    v2 &+= v1
    v1 = rotate(v1, 17) ^ v2
    v2 = rotate(v2, 32)
  }

  private func rotate(_ word: UInt64, _ bits: UInt64) -> UInt64 {
    word << bits | word >> (64 - bits)
  }
}
