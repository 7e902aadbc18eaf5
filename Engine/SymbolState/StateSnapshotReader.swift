import OrderBook
import Wire

public enum StateSnapshotFault: Error, Sendable {
  case version(found: UInt32, known: UInt32)
  case otherSymbol(UInt32)
  /// It is not a snapshot, or not a whole one.
  case damaged
  case book(SnapshotFault)
}

/// Builds a symbol's state from a snapshot's bytes, which may come in pieces of any length.
public struct StateSnapshotReader: ~Copyable {
  private let symbol: UInt32
  private let capacity: Capacity
  private var book: SnapshotReader
  private var keys: KeyWindow
  private var state: SnapshotFrame.State?
  private var readKeys: UInt64 = 0
  private var isComplete = false
  /// Bytes of a frame that is not whole yet, and how many of them are used up.
  private var pending: [UInt8] = []

  public init(symbol: UInt32, capacity: Capacity = Capacity(), keyWindow: Int = 1 << 20)
    throws(StateSnapshotFault)
  {
    self.symbol = symbol
    self.capacity = capacity
    do throws(SnapshotFault) { book = try SnapshotReader(capacity: capacity) } catch {
      throw .book(error)
    }
    keys = KeyWindow(window: keyWindow, openOrders: capacity.orders)
  }

  public mutating func read(_ bytes: UnsafeRawBufferPointer) throws(StateSnapshotFault) {
    pending.append(contentsOf: bytes)
    var offset = 0
    while pending.count - offset >= SnapshotFrame.headLength {
      let (kind, length) = pending.withUnsafeBytes {
        (
          $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self),
          Int($0.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        )
      }
      guard let frame = SnapshotFrame(rawValue: kind) else { throw .damaged }
      let start = offset + SnapshotFrame.headLength
      guard pending.count - start >= length else { break }
      try take(frame, from: start, length)
      offset = start + length
    }
    pending.removeFirst(offset)
  }

  /// The state, when the bytes were a whole snapshot and nothing but it.
  public consuming func finish() throws(StateSnapshotFault) -> SymbolState {
    guard let state, isComplete, pending.isEmpty, readKeys == state.keys else { throw .damaged }
    let book: OrderBook
    do throws(SnapshotFault) { book = try self.book.finish() } catch { throw .book(error) }
    return SymbolState(
      symbol: symbol, sequence: state.sequence, time: state.time, book: book, keys: keys)
  }

  private mutating func take(_ frame: SnapshotFrame, from start: Int, _ length: Int)
    throws(StateSnapshotFault)
  {
    guard !isComplete, (frame == .state) == (state == nil) else { throw .damaged }
    switch frame {
    case .state: try begin(at: start, length)
    case .book:
      var fault: SnapshotFault?
      pending.withUnsafeBytes { bytes in
        let own = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
        do throws(SnapshotFault) { try book.read(own) } catch { fault = error }
      }
      if let fault { throw .book(fault) }
    case .keys:
      let stride = MemoryLayout<KeyWindow.Entry>.stride
      guard length % stride == 0, readKeys + UInt64(length / stride) <= state?.keys ?? 0 else {
        throw .damaged
      }
      for position in Swift.stride(from: start, to: start + length, by: stride) {
        keys.append(
          pending.withUnsafeBytes {
            $0.loadUnaligned(fromByteOffset: position, as: KeyWindow.Entry.self)
          })
      }
      readKeys += UInt64(length / stride)
    case .end: isComplete = true
    }
  }

  private mutating func begin(at start: Int, _ length: Int) throws(StateSnapshotFault) {
    guard length == MemoryLayout<SnapshotFrame.State>.size else { throw .damaged }
    let found = pending.withUnsafeBytes {
      $0.loadUnaligned(fromByteOffset: start, as: SnapshotFrame.State.self)
    }
    guard found.version == SnapshotFrame.version else {
      throw .version(found: found.version, known: SnapshotFrame.version)
    }
    guard found.symbol == symbol else { throw .otherSymbol(found.symbol) }
    guard found.keys <= UInt64(keys.capacity) else { throw .damaged }
    state = found
  }
}
