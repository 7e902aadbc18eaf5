import CShared
import Testing

@Suite("The checksum")
struct ChecksumTests {
  private func both(_ bytes: [UInt8], after before: UInt32 = 0) -> UInt32 {
    let checksum = outcry_crc32c(before, bytes, bytes.count)
    #expect(outcry_crc32c_portable(before, bytes, bytes.count) == checksum)
    return checksum
  }

  @Test("is CRC-32C, with the processor's instruction and without")
  func vectors() {
    #expect(both(Array("123456789".utf8)) == 0xE306_9283)
    // RFC 3720, appendix B.4.
    #expect(both(Array(repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(both(Array(repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(both(Array(0..<32)) == 0x46DD_794E)
    #expect(both([]) == 0)
  }

  @Test("does not depend on where the bytes are cut")
  func pieces() {
    let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let whole = both(bytes)
    for cut in 0...100 {
      #expect(both(Array(bytes[cut...]), after: both(Array(bytes[..<cut]))) == whole)
    }
  }
}
