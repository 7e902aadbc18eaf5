/// Which of a cluster's slots a name belongs to.
package enum HashSlot {
  package static let count = 16_384

  package static func of(_ name: [UInt8]) -> Int { Int(checksum(tag(of: name))) % count }

  /// Between the first brace and the next one that closes; all of the name when nothing is.
  private static func tag(of name: [UInt8]) -> ArraySlice<UInt8> {
    guard let open = name.firstIndex(of: UInt8(ascii: "{")) else { return name[...] }
    let rest = name[(open + 1)...]
    guard let close = rest.firstIndex(of: UInt8(ascii: "}")), close > rest.startIndex else {
      return name[...]
    }
    return rest[..<close]
  }

  /// CRC-16/XMODEM, bit by bit: who publishes a symbol needs it once.
  package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    var sum: UInt16 = 0
    for byte in bytes {
      sum ^= UInt16(byte) << 8
      for _ in 0..<8 { sum = sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
    }
    return sum
  }
}
