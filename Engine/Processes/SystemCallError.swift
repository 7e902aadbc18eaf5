import Glibc

/// A system call that failed, with errno as it was on the next line.
public struct SystemCallError: Error, CustomStringConvertible, Sendable {
  public let call: String
  public let code: Int32

  public init(_ call: String, errno code: Int32 = errno) {
    self.call = call
    self.code = code
  }

  public var description: String { "\(call): \(String(cString: strerror(code)))" }
}
