import Glibc

/// Lines of `name = value`. Empty lines and those that begin with `#` say nothing.
struct ConfigurationFile {
  struct Entry {
    var name: String
    var value: String
    var line: Int
  }

  let path: String
  private(set) var entries: [Entry] = []
  private(set) var problems: [String] = []

  init(path: String, text: String) {
    self.path = path
    var lines: [String: Int] = [:]
    let all = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in all.enumerated() {
      let number = index + 1
      let content = ConfigurationFile.trimmed(line)
      if content.isEmpty || content.hasPrefix("#") { continue }
      guard let equals = content.firstIndex(of: "=") else {
        problems.append("\(path):\(number): a line is \"name = value\", not \"\(content)\"")
        continue
      }
      let name = String(ConfigurationFile.trimmed(content[..<equals]))
      let value = String(ConfigurationFile.trimmed(content[content.index(after: equals)...]))
      if value.isEmpty {
        problems.append(
          "\(path):\(number): \(name) has no value; without the line the default holds")
      } else if let first = lines[name] {
        problems.append("\(path):\(number): \(name) stands in line \(first) already")
      } else {
        lines[name] = number
        entries.append(Entry(name: name, value: value, line: number))
      }
    }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let isBlank = { (character: Character) in " \t\r\r\n".contains(character) }
    var rest = text.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }

  /// The content, or the errno of why it cannot be read.
  static func text(of path: String) -> (text: String?, errno: Int32) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return (nil, errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 20 {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 { return (nil, errno) }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    return (String(decoding: bytes, as: UTF8.self), 0)
  }
}
