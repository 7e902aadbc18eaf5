import Glibc

/// The file a program's standard output and error go to, kept below a bound.
public struct LogFile: Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  /// For appending, so that a writer goes on at the new end after the file was cut.
  public func open() throws(SystemError) -> Int32 {
    let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { throw .ofLast("open", path) }
    return descriptor
  }

  /// Moves the content to `path.1` when there is more than the bound. The writers keep their
  /// descriptor, so it is copied and cut; a line written in between may be lost.
  public func cut(over bound: Int) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_size > bound else { return }
    let from = Glibc.open(path, O_RDWR | O_CLOEXEC)
    guard from >= 0 else { return }
    defer { close(from) }
    let to = Glibc.open("\(path).1", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
    if to >= 0 {
      while sendfile(to, from, nil, 1 << 20) > 0 {}
      close(to)
    }
    ftruncate(from, 0)
  }

  /// The last lines, for a person who has to find out what went wrong.
  public func tail(lines: Int) -> [String] {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    let end = lseek(descriptor, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: min(end, 16384))
    let count = pread(descriptor, &bytes, bytes.count, end - bytes.count)
    let text = String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    return text.split(separator: "\n").suffix(lines).map(String.init)
  }
}
