import CShared
import Glibc
import Synchronization

/// A thread that somebody waits for.
final class LoadThread: Sendable {
  private final class Work: Sendable {
    let body: @Sendable () -> Void
    let isOver = Atomic(false)

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private let work: Work
  private let thread: pthread_t

  init(_ body: @escaping @Sendable () -> Void) {
    let work = Work(body)
    self.work = work
    var thread = pthread_t()
    let failure = pthread_create(
      &thread, nil,
      { argument in
        let work = Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue()
        _ = outcry_name_thread("load")
        // Timers are late by 50 us otherwise, which would count as the server's.
        _ = outcry_timer_slack(1)
        work.body()
        work.isOver.store(true, ordering: .releasing)
        return nil
      }, Unmanaged.passRetained(work).toOpaque())
    precondition(failure == 0, "no thread can be started")
    self.thread = thread
  }

  var isOver: Bool { work.isOver.load(ordering: .acquiring) }

  func join() { pthread_join(thread, nil) }
}
