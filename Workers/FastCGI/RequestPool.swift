import CShared
import Glibc
import Synchronization

/// The request objects that are not in use. Taken by the thread that reads requests, given back
/// by whichever thread finished one.
final class RequestPool: Sendable {
  private let free: Mutex<[Request]>
  private let returns = FutexWord()

  init(count: Int) {
    free = Mutex((0..<count).reversed().map(Request.init(index:)))
  }

  /// Waits while every object is in use: that many requests are waiting for answers already, and
  /// the web server's queue is the better place for more.
  func take(resting pulse: Pulse) -> Request {
    while true {
      let before = returns.value.pointee.load(ordering: .acquiring)
      if let request = free.withLock({ $0.popLast() }) { return request }
      pulse.rest()
      returns.wait(while: before)
      pulse.work()
    }
  }

  func giveBack(_ request: Request) {
    let wasEmpty = free.withLock { free in
      free.append(request)
      return free.count == 1
    }
    if wasEmpty { returns.bump() }
  }
}

/// A futex word on the heap.
final class FutexWord: @unchecked Sendable {
  let value: UnsafeMutablePointer<Atomic<UInt32>>

  init() {
    value = .allocate(capacity: 1)
    value.initialize(to: Atomic(0))
  }

  deinit { value.deallocate() }

  func wait(while expected: UInt32) {
    let word = UnsafeRawPointer(value).assumingMemoryBound(to: UInt32.self)
    _ = outcry_futex_wait(word, expected, -1)
  }

  func bump() {
    value.pointee.add(1, ordering: .sequentiallyConsistent)
    outcry_futex_wake(UnsafeMutableRawPointer(value).assumingMemoryBound(to: UInt32.self), 1)
  }
}
