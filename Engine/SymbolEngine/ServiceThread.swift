import CShared
import Glibc

/// A named thread that runs one function to its end. When all processors are busy it lets whoever
/// runs go on for a while, so that there is more to do at once when its turn comes.
final class ServiceThread: @unchecked Sendable {
  private let name: String
  private let body: @Sendable () -> Void
  private var handle = pthread_t()

  init(_ name: String, _ body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }

  func start() {
    let context = Unmanaged.passRetained(self).toOpaque()
    let outcome = pthread_create(&handle, nil, runServiceThread, context)
    precondition(outcome == 0, "pthread_create: errno \(outcome)")
  }

  func join() {
    pthread_join(handle, nil)
  }

  fileprivate func run() {
    _ = outcry_name_thread(name)
    _ = outcry_wait_for_turn()
    body()
  }
}

private func runServiceThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  Unmanaged<ServiceThread>.fromOpaque(context!).takeRetainedValue().run()
  return nil
}
