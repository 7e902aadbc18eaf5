import CShared
import Glibc

/// The supervisor's pid file. The lock on it says whether a supervisor lives, so that a file which
/// a killed one left behind misleads nobody, whatever its pid means by then.
public struct SupervisorLock {
  private let path: String
  private let descriptor: Int32

  /// Nil when another supervisor holds the lock.
  public static func take(_ path: String) throws(SystemError) -> SupervisorLock? {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .ofLast("open", path) }
    let code = outcry_lock_byte(descriptor, 0)
    guard code == 0 else {
      close(descriptor)
      if code == EAGAIN || code == EACCES { return nil }
      throw SystemError(call: "lock", code: code, subject: path)
    }
    ftruncate(descriptor, 0)
    let text = "\(getpid())\n"
    guard pwrite(descriptor, text, text.utf8.count, 0) > 0 else { throw .ofLast("write", path) }
    return SupervisorLock(path: path, descriptor: descriptor)
  }

  /// False when the file was removed, and most likely everything beside it.
  var isInPlace: Bool {
    var own = stat()
    var there = stat()
    return fstat(descriptor, &own) == 0 && stat(path, &there) == 0 && own.st_ino == there.st_ino
      && own.st_dev == there.st_dev
  }

  public func release() { close(descriptor) }

  /// The process that holds the lock, or nil when nobody does.
  public static func holder(of path: String) -> pid_t? {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var isLocked: Int32 = 0
    guard outcry_byte_is_locked(descriptor, 0, &isLocked) == 0, isLocked != 0 else { return nil }
    return Files.text(path).flatMap { pid_t($0.prefix { $0.isNumber }) }
  }
}
