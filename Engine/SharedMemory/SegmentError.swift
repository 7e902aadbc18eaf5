import Glibc

/// What the environment can refuse. A full ring or an empty mailbox list is a value, not an error.
public enum SegmentError: Error, Equatable, Sendable {
  case system(call: String, name: String, errno: Int32)
  /// Made by another build of Outcry: both layout versions.
  case layout(name: String, found: UInt32, expected: UInt32)
  /// Not one of ours, or not the kind, the length or the symbol it should be.
  case foreign(name: String, why: String)
  /// Its creator holds it half-made for too long.
  case busy(name: String)
  case badName(String)
  case directoryFull
  /// The symbol exists with another id, name or scale: those never change.
  case symbolConflict(name: String)
}

extension SegmentError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let call, let name, let code):
      "\(call) of shared memory \(name): \(String(cString: strerror(code)))"
    case .layout(let name, let found, let expected):
      "shared memory \(name) has layout version \(found), this build needs \(expected); "
        + "stop all processes of the instance and remove its segments"
    case .foreign(let name, let why): "shared memory \(name) is not usable: \(why)"
    case .busy(let name): "shared memory \(name) is still being created by another process"
    case .badName(let name): "'\(name)' is not usable as a name: 1 to 64 of A-Z a-z 0-9 _ -"
    case .directoryFull: "the symbol directory is full"
    case .symbolConflict(let name): "symbol \(name) exists with another id, name or scale"
    }
  }
}
