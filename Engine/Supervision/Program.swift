import Glibc
import Settings

/// One program of the stack: how it is started, when others may count on it, how it is stopped.
public struct Program: Sendable {
  /// When the programs that need this one may start.
  public enum Readiness: Sendable {
    case started
    /// PostgreSQL writes its pid on the first line and "ready" on the last one of that file.
    case postmaster(pidFile: String)
    case socket(path: String)
  }

  public var name: String
  /// The whole command, the program's path first.
  public var command: [String]
  /// Added to the supervisor's own environment.
  public var environment: [String: String] = [:]
  public var needs: [String] = []
  public var readiness = Readiness.started
  /// Asks it to stop gracefully; after `stopSeconds` its process group is killed.
  public var stopSignal = SIGTERM
  public var stopSeconds = 10
  /// Sent to what is left of its process group when it dies by itself. Outcry's own programs look
  /// after their children: those of a dead master still finish what they have begun.
  public var orphanSignal: Int32?
  /// Where its processes work, if those that outlive it must be gone before it starts again.
  public var workplace: String?
  /// The FastCGI address whose socket it gets as descriptor 3.
  public var listens: Address?
  /// Another user to run as, and whether that user may pass folders that are closed to it.
  public var user: String?
  public var mayPassFolders = false

  public init(name: String, command: [String]) {
    self.name = name
    self.command = command
  }

  /// Whether the process of that pid is. A file that a killed one left behind says nothing.
  func isReady(pid: pid_t) -> Bool {
    switch readiness {
    case .started: return true
    case .postmaster(let pidFile):
      let lines = (Files.text(pidFile) ?? "").split(separator: "\n")
      return lines.first == "\(pid)" && lines.last?.hasPrefix("ready") == true
    case .socket(let path): return Files.exists(path)
    }
  }

  /// The command as it is run: setpriv makes the kernel stop the program when the supervisor
  /// dies, even by SIGKILL, and changes the user.
  func launch(setpriv: String) -> [String] {
    let names = [SIGTERM: "TERM", SIGINT: "INT", SIGQUIT: "QUIT"]
    guard let signal = names[stopSignal] else { preconditionFailure("name signal \(stopSignal)") }
    var words = [setpriv, "--pdeathsig", signal]
    if let user {
      words += ["--reuid", user, "--regid", user, "--init-groups"]
      if mayPassFolders {
        words += ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
      }
    }
    return words + ["--"] + command
  }
}
