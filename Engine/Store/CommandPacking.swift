import Wire

/// Commands as the journal's rows hold them since format 3: each as what distinguishes it from the
/// one before. What comes back is every bit of what was packed, also what no engine would write.
///
/// A command is 24 words of 8 bytes. Each is foretold: the sequence and the order's id go on by
/// one, all others stay; before a row's first command all were zero. A packed command is three
/// bytes of a mask, which tells the words that came out different, and behind it for each of these,
/// in their order,
///
/// * for numbers, the difference modulo 2^64, its sign in the lowest bit, in 1 to 9 bytes: as many
///   zero bits as bytes follow, a one, and the number, lowest byte first; nine bytes begin with an
///   empty one;
/// * for the rest, one byte that tells which of its bytes differ, and those, exclusive-or.
///
/// The sequence is never written. Its bit of the mask says instead that the key is nginx's name of
/// the request (`~` and 32 hexadecimal digits) or a signature (`~s` and as many), whichever its
/// length says, and follows as 16 bytes, in front of the words of the trace.
package enum CommandPacking {
  /// No command takes more.
  private static let longest = 3 + 24 * 9
  /// What is read and written besides, eight bytes at a time.
  package static let slack = longest + 8
  static let words = MemoryLayout<Command>.stride / 8
  private static let sequenceWord = 1
  private static let orderWord = 4
  private static let keyWords = 15..<20
  private static let digits = 32
  /// Where no number is: the head with its small fields, the key and its length, trace and step.
  private static let texts: UInt32 = 1 | 0b1_1111_1111 << 14

  // MARK: - Packing

  /// Packs as many of the commands as fit, at least one; returns how many, and into how many bytes.
  package static func pack(
    _ commands: UnsafeBufferPointer<Command>, into room: UnsafeMutableRawBufferPointer
  ) -> (count: Int, length: Int) {
    precondition(!commands.isEmpty && room.count >= slack, "no room to pack into")
    let base = UnsafeRawPointer(commands.baseAddress!)
    let output = room.baseAddress!
    let last = room.count - slack
    var nothing = Command()
    nothing.sequence = commands[0].sequence &- 1
    var length = withUnsafeBytes(of: &nothing) { pack(base, after: $0.baseAddress!, at: output) }
    var count = 1
    while count < commands.count, length <= last {
      let command = base + count * MemoryLayout<Command>.stride
      let before = command - MemoryLayout<Command>.stride
      length += pack(command, after: before, at: output + length)
      count += 1
    }
    return (count, length)
  }

  /// Returns how many bytes it took.
  @inline(__always)
  private static func pack(
    _ command: UnsafeRawPointer, after before: UnsafeRawPointer,
    at output: UnsafeMutableRawPointer
  ) -> Int {
    precondition(
      word(command, sequenceWord) == word(before, sequenceWord) &+ 1, "sequences do not follow on")
    var mask: UInt32 = 0
    var length = 3
    for index in 0..<words {
      let now = word(command, index)
      var foretold = word(before, index)
      if index == sequenceWord { continue }
      if index == orderWord { foretold &+= 1 }
      if now == foretold { continue }
      if keyWords.contains(index) {
        // The name of a request as a whole, or not at all.
        if mask & 1 << sequenceWord != 0 { continue }
        if mask >> keyWords.lowerBound == 0,
          let packed = packName(of: command, at: output + length)
        {
          mask |= 1 << sequenceWord
          length += packed
          continue
        }
      }
      mask |= 1 << index
      let place = output + length
      length +=
        texts >> index & 1 == 0
        ? write(number: now &- foretold, at: place) : write(text: now ^ foretold, at: place)
    }
    output.storeBytes(of: UInt16(truncatingIfNeeded: mask), as: UInt16.self)
    output.storeBytes(of: UInt8(mask >> 16), toByteOffset: 2, as: UInt8.self)
    return length
  }

  @inline(__always)
  private static func word(_ command: UnsafeRawPointer, _ index: Int) -> UInt64 {
    command.load(fromByteOffset: 8 * index, as: UInt64.self)
  }

  @inline(__always)
  private static func write(number: UInt64, at output: UnsafeMutableRawPointer) -> Int {
    let signed = Int64(bitPattern: number)
    let value = UInt64(bitPattern: signed << 1 ^ signed >> 63)
    let length = max(1, (70 - value.leadingZeroBitCount) / 7)
    guard length <= 8 else {
      output.storeBytes(of: 0, as: UInt8.self)
      output.storeBytes(of: value, toByteOffset: 1, as: UInt64.self)
      return 9
    }
    output.storeBytes(of: (value &<< 1 | 1) &<< (length - 1), as: UInt64.self)
    return length
  }

  @inline(__always)
  private static func write(text: UInt64, at output: UnsafeMutableRawPointer) -> Int {
    var mask: UInt8 = 0
    var length = 1
    for index in 0..<8 {
      let byte = UInt8(truncatingIfNeeded: text >> (8 * index))
      output.storeBytes(of: byte, toByteOffset: length, as: UInt8.self)
      let differs: UInt8 = byte == 0 ? 0 : 1
      mask |= differs << index
      length += Int(differs)
    }
    output.storeBytes(of: mask, as: UInt8.self)
    return length
  }

  // MARK: - Unpacking

  /// How many commands there are, or nil when this is not what `pack` gives, or more than there is
  /// room for. `slack` bytes behind the end of `bytes` are read, whatever they are.
  package static func unpack(
    _ bytes: UnsafeRawBufferPointer, from sequence: UInt64,
    into room: UnsafeMutableBufferPointer<Command>
  ) -> Int? {
    let input = bytes.baseAddress!
    let output = UnsafeMutableRawPointer(room.baseAddress!)
    var nothing = Command()
    nothing.sequence = sequence &- 1
    var count = 0
    var place = 0
    while place < bytes.count {
      guard count < room.count else { return nil }
      let command = output + count * MemoryLayout<Command>.stride
      let taken =
        count == 0
        ? withUnsafeBytes(of: &nothing) { unpack(input, after: $0.baseAddress!, to: command) }
        : unpack(input + place, after: command - MemoryLayout<Command>.stride, to: command)
      guard let taken else { return nil }
      place += taken
      count += 1
    }
    return place == bytes.count && count > 0 ? count : nil
  }

  @inline(__always)
  private static func unpack(
    _ input: UnsafeRawPointer, after before: UnsafeRawPointer,
    to command: UnsafeMutableRawPointer
  ) -> Int? {
    command.copyMemory(from: before, byteCount: MemoryLayout<Command>.stride)
    add(1, to: command, sequenceWord)
    add(1, to: command, orderWord)
    var mask =
      UInt32(input.loadUnaligned(as: UInt16.self))
      | UInt32(input.load(fromByteOffset: 2, as: UInt8.self)) << 16
    let isNamed = mask & 1 << sequenceWord != 0
    mask &= ~(1 << sequenceWord)
    var length = 3
    var nameIsDue = isNamed
    while mask != 0 || nameIsDue {
      let index = mask == 0 ? words : mask.trailingZeroBitCount
      if nameIsDue, index >= keyWords.lowerBound {
        guard index >= keyWords.upperBound, unpackName(input + length, to: command) else {
          return nil
        }
        length += digits / 2
        nameIsDue = false
        continue
      }
      mask &= mask - 1
      if texts >> index & 1 == 0 {
        length += read(numberAt: input + length) { add($0, to: command, index) }
      } else {
        length += read(textAt: input + length) { text in
          let place = command + 8 * index
          place.storeBytes(of: place.load(as: UInt64.self) ^ text, as: UInt64.self)
        }
      }
    }
    return length
  }

  @inline(__always)
  private static func add(_ number: UInt64, to command: UnsafeMutableRawPointer, _ index: Int) {
    let place = command + 8 * index
    place.storeBytes(of: place.load(as: UInt64.self) &+ number, as: UInt64.self)
  }

  @inline(__always)
  private static func read(numberAt input: UnsafeRawPointer, _ body: (UInt64) -> Void) -> Int {
    let first = input.load(as: UInt8.self)
    let length = first.trailingZeroBitCount + 1
    var value: UInt64
    if length == 9 {
      value = input.loadUnaligned(fromByteOffset: 1, as: UInt64.self)
    } else {
      value = input.loadUnaligned(as: UInt64.self) &>> length
      value &= ~(UInt64.max &<< (7 * length))
    }
    body(value >> 1 ^ (0 &- (value & 1)))
    return length
  }

  @inline(__always)
  private static func read(textAt input: UnsafeRawPointer, _ body: (UInt64) -> Void) -> Int {
    var mask = input.load(as: UInt8.self)
    var text: UInt64 = 0
    var length = 1
    while mask != 0 {
      let byte = UInt64(input.load(fromByteOffset: length, as: UInt8.self))
      text |= byte << (8 * mask.trailingZeroBitCount)
      mask &= mask - 1
      length += 1
    }
    body(text)
    return length
  }
}

// MARK: - Names of requests

extension CommandPacking {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let keyOffset = MemoryLayout<Command>.offset(of: \Command.key)!
  private static let lengthOffset = MemoryLayout<Command>.offset(of: \Command.key_length)!

  /// How many characters stand in front of the digits in a key of this length; nil: no such key.
  private static func prefix(ofKeyOf length: UInt8) -> Int? {
    switch length {
    case 33: 1
    case 34: 2
    default: nil
    }
  }

  private static func prefixWord(_ prefix: Int) -> UInt16 {
    prefix == 1 ? UInt16(UInt8(ascii: "~")) : 0x737E  // "~s"
  }

  /// 16 bytes, or nil when the key is anything else.
  @inline(__always)
  private static func packName(
    of command: UnsafeRawPointer, at output: UnsafeMutableRawPointer
  ) -> Int? {
    let length = command.load(fromByteOffset: lengthOffset, as: UInt8.self)
    guard let prefix = prefix(ofKeyOf: length) else { return nil }
    let key = command + keyOffset
    let begin = key.load(as: UInt16.self) & (prefix == 1 ? 0xFF : 0xFFFF)
    // What lies behind the key's end is zero.
    let end = key.load(fromByteOffset: 32, as: UInt64.self) >> (8 * prefix)
    guard begin == prefixWord(prefix), end == 0 else { return nil }
    for index in 0..<4 {
      let text = key.loadUnaligned(fromByteOffset: prefix + 8 * index, as: UInt64.self)
      let halves = (text & 0x0F0F_0F0F_0F0F_0F0F) &+ (text >> 6 & ones) &* 9
      guard characters(halves & 0x0F0F_0F0F_0F0F_0F0F) == text else { return nil }
      var packed = (halves | halves >> 4) & 0x00FF_00FF_00FF_00FF
      packed = (packed | packed >> 8) & 0x0000_FFFF_0000_FFFF
      packed |= packed >> 16
      output.storeBytes(
        of: UInt32(truncatingIfNeeded: packed), toByteOffset: 4 * index, as: UInt32.self)
    }
    return digits / 2
  }

  private static func unpackName(
    _ input: UnsafeRawPointer, to command: UnsafeMutableRawPointer
  ) -> Bool {
    let length = command.load(fromByteOffset: lengthOffset, as: UInt8.self)
    guard let prefix = prefix(ofKeyOf: length) else { return false }
    let key = command + keyOffset
    key.storeBytes(of: 0, toByteOffset: 32, as: UInt64.self)
    key.storeBytes(of: prefixWord(prefix), as: UInt16.self)
    for index in 0..<4 {
      var halves = UInt64(input.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
      halves = (halves | halves << 16) & 0x0000_FFFF_0000_FFFF
      halves = (halves | halves << 8) & 0x00FF_00FF_00FF_00FF
      halves = (halves | halves << 4) & 0x0F0F_0F0F_0F0F_0F0F
      key.storeBytes(of: characters(halves), toByteOffset: prefix + 8 * index, as: UInt64.self)
    }
    return true
  }

  /// Eight values below 16 as small hexadecimal digits.
  private static func characters(_ halves: UInt64) -> UInt64 {
    let letters = (halves &+ ones &* 6) >> 4 & ones
    return halves &+ ones &* 0x30 &+ letters &* 0x27
  }
}
