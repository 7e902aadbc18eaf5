import Glibc
import SharedMemory
import TestSupport

/// An instance of its own for each test, removed when the test ends or is killed.
final class Scratch {
  let instance: Instance
  private let janitor: Janitor

  init() {
    let number = UInt64.random(in: 0..<UInt64.max)
    let name = "test-\(getpid())-\(String(number, radix: 36))"
    instance = try! Instance(name: name)
    janitor = Janitor(command: "rm -f /dev/shm/outcry.\(name).*")
  }

  deinit { instance.removeAll() }
}
