import CShared
import Glibc

extension Settings {
  /// The settings of this process, from its file and its variables. When they are wrong it says
  /// all that is and exits with 78, which sysexits.h calls a configuration error: no restart would
  /// help.
  public static func ofThisProcess() -> Settings {
    do {
      return try Configuration.load(environment: processEnvironment()).settings
    } catch {
      let log = Log(role: "settings")
      for problem in error.list { log.error(problem) }
      exit(78)
    }
  }

  /// The variables of this process. `ProcessInfo` would need Foundation.
  public static func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    entry = outcry_environment()
    while let line = entry?.pointee {
      let text = String(cString: line)
      if let equals = text.firstIndex(of: "=") {
        variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      entry = entry?.successor()
    }
    return variables
  }
}
