import Foundation

/// One text file of the tree. Paths are relative to the top.
struct SourceFile {
  let path: String
  let lines: [String]

  var name: String { String(path.split(separator: "/").last ?? "") }

  var isSwift: Bool { path.hasSuffix(".swift") }
  var isC: Bool { path.hasSuffix(".c") || path.hasSuffix(".h") }
  var isTest: Bool { path.hasPrefix("Tests/") }
  /// Prose and legal text are wrapped by taste, not by rule.
  var isProse: Bool { path.hasSuffix(".md") || name == "LICENSE" }

  /// The module a Swift file belongs to, which is its folder's name.
  var module: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }
}

extension SourceFile {
  static let top = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Everything a person wrote: hidden folders other than `.ci` hold build products and data.
  static let all: [SourceFile] = {
    var files: [SourceFile] = []
    collect(in: top, prefix: "", into: &files)
    return files.sorted { $0.path < $1.path }
  }()

  private static func collect(in folder: URL, prefix: String, into files: inout [SourceFile]) {
    let keys: [URLResourceKey] = [.isDirectoryKey, .isRegularFileKey]
    let entries =
      (try? FileManager.default.contentsOfDirectory(
        at: folder, includingPropertiesForKeys: keys)) ?? []
    for entry in entries {
      let name = entry.lastPathComponent
      let values = try? entry.resourceValues(forKeys: Set(keys))
      if values?.isDirectory == true {
        guard !name.hasPrefix(".") || name == ".ci", name != "__pycache__" else { continue }
        collect(in: entry, prefix: "\(prefix)\(name)/", into: &files)
      } else if values?.isRegularFile == true, name != ".git",
        let data = try? Data(contentsOf: entry),
        let text = String(data: data, encoding: .utf8)
      {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        files.append(SourceFile(path: prefix + name, lines: lines))
      }
    }
  }
}
