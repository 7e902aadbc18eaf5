import Glibc

/// A folder of its own under /tmp, removed with the object, or by its janitor should the tests be
/// killed.
public final class TemporaryFolder: Sendable {
  public let path: String
  private let janitor: Janitor

  public init(_ purpose: String = "test") {
    var template = Array("/tmp/outcry-\(purpose)-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "mkdtemp: errno \(errno)")
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    self.path = path
    janitor = Janitor(command: "rm -rf '\(path)'")
  }

  public func file(_ name: String) -> String { "\(path)/\(name)" }
}
