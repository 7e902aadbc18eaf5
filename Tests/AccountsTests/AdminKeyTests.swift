import Accounts
import Foundation
import TestSupport
import Testing

@Suite("The admin key")
struct AdminKeyTests {
  private let folder = TemporaryFolder("admin-key")

  private func key(_ content: String) throws -> AdminKey? {
    let path = folder.file("key")
    try content.write(toFile: path, atomically: true, encoding: .utf8)
    return try AdminKey.load(path)
  }

  private func matches(_ key: AdminKey, _ text: String) -> Bool {
    Array(text.utf8).withUnsafeBytes { key.matches($0) }
  }

  @Test("is the first word of its file, all of it")
  func content() throws {
    for content in ["sesame", "sesame\n", "sesame\r\n"] {
      let key = try #require(try key(content))
      #expect(matches(key, "sesame"))
      for wrong in ["", "s", "sesam", "sesame\n", "sesame2", "Sesame", "sesame sesame"] {
        #expect(!matches(key, wrong), "\(wrong)")
      }
    }
  }

  @Test("is nobody's when there is no file, or nothing in it")
  func none() throws {
    let missing = try AdminKey.load(folder.file("nothing"))
    #expect(missing == nil)
    for content in ["", "\n"] {
      let found = try key(content)
      #expect(found == nil)
    }
    #expect(throws: MasterKeyError.self) { _ = try AdminKey.load(folder.path) }
  }
}
