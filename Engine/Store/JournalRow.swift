import Wire

/// The commands of one row of the journal, whichever format it has; made once for many rows.
public final class JournalRow {
  /// Valid until the next row is read.
  let commands: UnsafeMutableBufferPointer<Command>
  private let bytes: UnsafeMutableRawBufferPointer

  public init() {
    commands = .allocate(capacity: Journal.mostCommandsPerRow)
    bytes = .allocate(byteCount: 8192 + CommandPacking.slack, alignment: 8)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit {
    commands.deallocate()
    bytes.deallocate()
  }

  /// How many commands there are; nil when that is not a whole number, or none, or more than a row
  /// ever holds.
  func read(_ records: UnsafeRawBufferPointer, format: Int16, sequence: UInt64) -> Int? {
    guard !records.isEmpty, records.count <= bytes.count - CommandPacking.slack else { return nil }
    guard format >= 3 else { return copy(records) }
    bytes.copyMemory(from: records)
    return CommandPacking.unpack(
      UnsafeRawBufferPointer(rebasing: bytes[..<records.count]), from: sequence, into: commands)
  }

  /// Records in a row are not aligned.
  private func copy(_ records: UnsafeRawBufferPointer) -> Int? {
    guard records.count % MemoryLayout<Command>.stride == 0 else { return nil }
    UnsafeMutableRawBufferPointer(commands).copyMemory(from: records)
    return records.count / MemoryLayout<Command>.stride
  }

  /// The command of a row that begins with the sequence `first`, without a look at its checksum.
  public func command(
    _ sequence: UInt64, of records: UnsafeRawBufferPointer, format: Int16, first: UInt64
  ) -> Command? {
    guard sequence >= first, let count = read(records, format: format, sequence: first),
      sequence - first < UInt64(count)
    else { return nil }
    return commands[Int(sequence - first)]
  }
}
