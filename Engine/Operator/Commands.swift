import Glibc

/// One thing the tool can do.
struct Command: Sendable {
  var name: String
  var summary: String
  var help: String
  var run: @Sendable (inout Arguments) throws -> Void
}

enum Commands {
  static let all = [
    up, down, status, top, health, symbols, scale, drain, reload, config, verify, replay, journal,
    rebuild, load,
    supervise,
  ]

  static func named(_ name: String) -> Command? { all.first { $0.name == name } }

  static var overview: String {
    let lines = all.filter { $0.name != supervise.name }.map { command in
      "  \(command.name.padded(to: 9))\(command.summary)"
    }
    return """
      usage: outcry COMMAND [OPTIONS]      (outcry COMMAND --help says more)

      \(lines.joined(separator: "\n"))

      Every command takes --state FOLDER: where the exchange keeps everything (OUTCRY_STATE_DIR,
      or .outcry in this folder).
      """
  }
}

/// Words on the command line: the command, then options and operands.
struct Arguments {
  let command: String
  let wantsHelp: Bool
  private var rest: [String]

  init(_ words: [String]) throws(Usage) {
    wantsHelp = words.contains("--help") || words.contains("-h")
    let words = words.filter { $0 != "--help" && $0 != "-h" }
    command = words.first.map { $0 == "help" ? "" : $0 } ?? ""
    rest = Array(words.dropFirst())
  }

  /// The value after an option, which may also be written `--option=value`.
  mutating func option(_ name: String) throws(Usage) -> String? {
    if let index = rest.firstIndex(of: name) {
      guard index + 1 < rest.count else { throw Usage("\(name) needs a value", for: command) }
      defer { rest.removeSubrange(index...(index + 1)) }
      return rest[index + 1]
    }
    if let index = rest.firstIndex(where: { $0.hasPrefix("\(name)=") }) {
      return String(rest.remove(at: index).dropFirst(name.count + 1))
    }
    return nil
  }

  /// Whether an option without a value is there.
  mutating func flag(_ name: String) -> Bool {
    guard let index = rest.firstIndex(of: name) else { return false }
    rest.remove(at: index)
    return true
  }

  /// The next word that is not an option.
  mutating func operand() -> String? {
    guard let index = rest.firstIndex(where: { !$0.hasPrefix("--") }) else { return nil }
    return rest.remove(at: index)
  }

  /// To be called when everything known was taken.
  func end() throws(Usage) {
    if let word = rest.first { throw Usage("\"\(word)\" is not expected here", for: command) }
  }
}

/// The command line makes no sense.
struct Usage: Error {
  let description: String
  let seeAlso: String

  init(_ description: String, seeAlso command: String) {
    self.description = description
    seeAlso = "Try: \(command)"
  }

  init(_ description: String, for command: String) {
    self.init(description, seeAlso: "outcry \(command) --help")
  }
}

/// What went wrong, and what to do about it.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

func printError(_ text: String) {
  let line = "outcry: \(text)\n"
  write(STDERR_FILENO, line, line.utf8.count)
}

extension String {
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - count))
  }

  func paddedLeft(to width: Int) -> String {
    String(repeating: " ", count: Swift.max(0, width - count)) + self
  }
}
