import Synchronization

/// What each descriptor is being used for, so that draining never closes one under a request.
///
///     free ──accept──▶ fresh ──readable──▶ busy ──answered──▶ idle or free
///     idle ──readable──▶ busy
///     fresh, idle ──drain──▶ closing ──read to its end──▶ busy or free
///
/// `→ closing` is taken by the draining thread, or by one that finishes a request while the server
/// drains: whoever wins the exchange owns the descriptor's end.
final class ConnectionTable: @unchecked Sendable {
  enum Use: UInt8 {
    case free, fresh, idle, busy, closing
  }

  let capacity: Int
  private let uses: UnsafeMutablePointer<Atomic<UInt8>>

  init(capacity: Int) {
    self.capacity = capacity
    uses = .allocate(capacity: capacity)
    for index in 0..<capacity { (uses + index).initialize(to: Atomic(Use.free.rawValue)) }
  }

  deinit { uses.deallocate() }

  subscript(descriptor: Int32) -> Use {
    get { Use(rawValue: uses[Int(descriptor)].load(ordering: .sequentiallyConsistent))! }
    set {
      uses[Int(descriptor)].store(newValue.rawValue, ordering: .sequentiallyConsistent)
    }
  }

  func exchange(_ descriptor: Int32, from old: Use, to new: Use) -> Bool {
    uses[Int(descriptor)].compareExchange(
      expected: old.rawValue, desired: new.rawValue, ordering: .sequentiallyConsistent
    ).exchanged
  }
}
