import Store
import SymbolState

extension Snapshots {
  /// The state that a snapshot holds; throws when it is damaged in any way.
  public func load(_ label: SnapshotLabel, of symbol: UInt32) throws -> SymbolState {
    guard label.format == SymbolState.snapshotFormat else {
      throw SnapshotError.damaged(
        sequence: label.sequence, what: "format \(label.format) is not known")
    }
    var reader = try StateSnapshotReader(symbol: symbol)
    var fault: StateSnapshotFault?
    try read(label) { bytes in
      guard fault == nil else { return }
      do throws(StateSnapshotFault) { try reader.read(bytes) } catch { fault = error }
    }
    if let fault { throw fault }
    let state = try reader.finish()
    guard state.sequence == label.sequence else {
      throw SnapshotError.damaged(sequence: label.sequence, what: "it is of \(state.sequence)")
    }
    return state
  }
}
