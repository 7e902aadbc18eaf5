import Glibc

/// A call to the system that failed, with enough to act on.
public struct SystemError: Error, CustomStringConvertible {
  public let call: String
  public let code: Int32
  public let subject: String

  public var description: String {
    "\(call) \(subject): \(String(cString: strerror(code)))"
  }

  static func ofLast(_ call: String, _ subject: String) -> SystemError {
    SystemError(call: call, code: errno, subject: subject)
  }
}

/// The few things done with files, without Foundation: the supervisor runs for months and should
/// stay small.
public enum Files {
  public static func read(_ path: String, atMost limit: Int = 1 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while bytes.count < limit {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    return bytes
  }

  public static func text(_ path: String) -> String? {
    read(path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Readers see the old content or the new one, never a part.
  public static func replace(_ path: String, with text: String, mode: mode_t = 0o644)
    throws(SystemError)
  {
    let temporary = "\(path).new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw .ofLast("open", temporary) }
    defer { close(descriptor) }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0 else { throw .ofLast("write", temporary) }
      bytes = bytes.dropFirst(count)
    }
    guard rename(temporary, path) == 0 else { throw .ofLast("rename", path) }
  }

  public static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(SystemError) {
    guard mkdir(path, mode) == 0 || errno == EEXIST else { throw .ofLast("mkdir", path) }
  }

  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The names in a folder, without "." and "..".
  public static func names(in folder: String) -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  public static func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes {
      readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return count >= 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }

  /// Absolute, with every symbolic link resolved; the path has to exist.
  public static func resolved(_ path: String) -> String? {
    guard let result = realpath(path, nil) else { return nil }
    defer { free(result) }
    return String(cString: result)
  }

  /// The program of that name: beside this one, or wherever the shell would find it.
  public static func program(_ name: String, alsoIn folders: [String] = []) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    let standard = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    let candidates = folders + path.split(separator: ":").map(String.init) + standard
    return candidates.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}
