import CShared
import Glibc

/// Starts a thread that lives as long as the process, under a name that ps and top show.
///
/// When all processors are busy it lets whoever runs go on for a while: nginx passes on several
/// requests before one is looked at, and all of them are looked at in one go.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
  final class Work: Sendable {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
  let work = Unmanaged.passRetained(Work(name: name, body: body))
  var thread = pthread_t()
  let failure = pthread_create(
    &thread, nil,
    { argument in
      let work = Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue()
      _ = outcry_name_thread(work.name)
      _ = outcry_wait_for_turn()
      work.body()
      return nil
    }, work.toOpaque())
  precondition(failure == 0, "no thread can be started")
  pthread_detach(thread)
}
