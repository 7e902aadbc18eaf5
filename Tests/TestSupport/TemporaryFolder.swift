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
    // A server that dies at the same moment may still be writing.
    janitor = Janitor(
      command: """
        for round in 1 2 3 4 5 6 7 8 9 10; do
          rm -rf '\(path)'
          test -e '\(path)' || break
          sleep 0.2
        done
        """)
  }

  public func file(_ name: String) -> String { "\(path)/\(name)" }
}
