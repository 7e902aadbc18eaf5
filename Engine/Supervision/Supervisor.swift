import CShared
import Glibc
import Settings
import SharedMemory

/// Starts the programs, starts the dead ones again, stops all when asked. One thread, one loop:
/// signals only arrive as bytes of a descriptor, so nothing here runs at a surprising moment.
public struct Supervisor {
  private let folder: StateFolder
  private let environment: [String: String]
  private let setpriv: String
  private let log: Log
  /// The FastCGI sockets, by the names of the programs that get them.
  private var listeners: [String: Int32] = [:]
  private let lock: SupervisorLock
  private var programs: [Supervised]
  /// The programs as they are to be now.
  private let wanted: () throws -> [Program]
  private var statusWritten = ""
  private var logsBoundedAt: Int64 = 0

  /// A log file is moved aside when it is longer than this.
  static let logBound = 16 << 20

  public init(
    programs: [Program], in folder: StateFolder, lock: SupervisorLock,
    environment: [String: String], setpriv: String, log: Log,
    wanted: @escaping () throws -> [Program]
  ) throws(SystemError) {
    self.wanted = wanted
    self.folder = folder
    self.lock = lock
    self.environment = environment
    self.setpriv = setpriv
    self.log = log
    self.programs = []
    for program in programs { self.programs.append(try supervised(program)) }
  }

  private mutating func supervised(_ program: Program) throws(SystemError) -> Supervised {
    if let address = program.listens { listeners[program.name] = try Listener.open(address) }
    return Supervised(program, log: LogFile(path: "\(folder.logs)/\(program.name).log"))
  }

  /// Returns when SIGTERM or SIGINT arrived and everything has stopped.
  public mutating func run() throws(SystemError) {
    let signals = try openSignals()
    log.info("supervising", ["programs": programs.count, "folder": folder.path])
    while true {
      startWhatCanStart()
      writeStatus()
      boundLogs()
      var descriptor = pollfd(fd: signals, events: Int16(POLLIN), revents: 0)
      poll(&descriptor, 1, millisecondsToNextStep())
      let signals = readSignals(signals)
      if signals.stop { break }
      if signals.change { change() }
      guard lock.isInPlace else {
        log.error("the state folder was removed; stopping", ["folder": folder.path])
        break
      }
      reap()
    }
    stopAll()
    log.info("stopped")
  }

  // MARK: Starting

  private mutating func startWhatCanStart() {
    let now = Clock.monotonicNanos()
    for index in programs.indices {
      if programs[index].pid != 0 {
        let entry = programs[index]
        if !entry.isReady, entry.program.isReady(pid: entry.pid) {
          programs[index].isReady = true
          log.info("ready", ["subject": entry.program.name])
        }
      } else if now >= programs[index].notBefore, hasWhatItNeeds(programs[index].program),
        isVacated(programs[index], now)
      {
        start(index)
      }
    }
  }

  private func hasWhatItNeeds(_ program: Program) -> Bool {
    programs.allSatisfy { $0.isReady || !program.needs.contains($0.program.name) }
  }

  /// Whether those that a dead one left behind are gone; after two seconds they are killed.
  private func isVacated(_ entry: Supervised, _ now: Int64) -> Bool {
    guard entry.restarts > 0, let workplace = entry.program.workplace else { return true }
    let left = Leftovers(of: folder).processes(in: workplace)
    if now - entry.diedAt > 2_000_000_000 {
      for pid in left { kill(pid, SIGKILL) }
    }
    return left.isEmpty
  }

  private mutating func start(_ index: Int) {
    let program = programs[index].program
    do throws(SystemError) {
      let output = try programs[index].log.open()
      defer { close(output) }
      if case .socket(let path) = program.readiness { unlink(path) }
      var environment = environment.merging(program.environment) { $1 }
      // LISTEN_PID is left out: the pid is not known yet when the environment is made.
      let listener = listeners[program.name]
      if listener != nil { environment["LISTEN_FDS"] = "1" }
      var spawn = Spawn(
        command: program.launch(setpriv: setpriv), environment: environment, folder: folder.path,
        output: output)
      spawn.listener = listener
      programs[index].started(try spawn.start(), at: Clock.monotonicNanos())
      log.info("started", ["subject": program.name, "child": programs[index].pid])
    } catch {
      programs[index].died(at: Clock.monotonicNanos())
      log.error("cannot start", ["subject": program.name, "reason": error.description])
    }
  }

  // MARK: Waiting

  /// For ever, unless something waits for time to pass or for a program to get ready.
  private func millisecondsToNextStep() -> Int32 {
    let now = Clock.monotonicNanos()
    var wait = Int32(5000)  // the logs are looked at this often
    for entry in programs {
      if entry.pid == 0 {
        let milliseconds = (entry.notBefore - now) / 1_000_000 + 1
        // What is due by now waits for another program to get ready.
        wait = min(wait, milliseconds > 0 ? Int32(milliseconds) : 20)
      } else if !entry.isReady {
        wait = min(wait, 20)
      }
    }
    return wait
  }

  private func openSignals() throws(SystemError) -> Int32 {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGCHLD] { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    let descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    guard descriptor >= 0 else { throw .ofLast("signalfd", "") }
    return descriptor
  }

  /// What the signals ask for.
  private func readSignals(_ descriptor: Int32) -> (stop: Bool, change: Bool) {
    var asked = (stop: false, change: false)
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    while read(descriptor, &info, size) == size {
      if info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT { asked.stop = true }
      if info.ssi_signo == SIGHUP { asked.change = true }
    }
    return asked
  }

  // MARK: Changing

  /// Programs that are new are started, those that are to be no more are stopped. What runs and
  /// stays is left alone.
  private mutating func change() {
    do {
      let wanted = try self.wanted()
      let names = wanted.map(\.name)
      for index in programs.indices.reversed() where !names.contains(programs[index].program.name) {
        stop(index)
        let name = programs.remove(at: index).program.name
        if let listener = listeners.removeValue(forKey: name) { close(listener) }
        log.info("no longer supervised", ["subject": name])
      }
      for (index, program) in wanted.enumerated()
      where !programs.contains(where: { $0.program.name == program.name }) {
        programs.insert(try supervised(program), at: min(index, programs.count))
      }
    } catch {
      log.error("cannot change the programs", ["reason": "\(error)"])
    }
  }

  private mutating func reap() {
    for index in programs.indices where programs[index].pid != 0 {
      let pid = programs[index].pid
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { continue }
      let program = programs[index].program
      if let signal = program.orphanSignal { kill(-pid, signal) }
      programs[index].died(at: Clock.monotonicNanos())
      log.error(
        "died",
        [
          "subject": program.name, "child": pid, "ending": Ending(status: status).description,
          "restarts": programs[index].restarts,
        ])
    }
  }

  // MARK: Stopping

  /// In the reverse order: first who takes requests, at last where they are kept.
  private mutating func stopAll() {
    for index in programs.indices.reversed() { stop(index) }
  }

  private mutating func stop(_ index: Int) {
    programs[index].notBefore = .max
    let pid = programs[index].pid
    guard pid != 0 else { return }
    let program = programs[index].program
    kill(pid, program.stopSignal)
    var status: Int32 = 0
    let stopped = waitUntil(seconds: program.stopSeconds) {
      waitpid(pid, &status, WNOHANG) == pid
    }
    kill(-pid, SIGKILL)
    if !stopped {
      log.error("killed", ["subject": program.name, "after seconds": program.stopSeconds])
      waitpid(pid, &status, 0)
    }
    programs[index].pid = 0
    writeStatus()
  }

  // MARK: Telling

  private mutating func writeStatus() {
    let text = programs.map { entry in
      ProgramStatus(
        name: entry.program.name, pid: entry.pid, isReady: entry.isReady,
        restarts: entry.restarts, since: entry.since
      ).line + "\n"
    }.joined()
    guard text != statusWritten else { return }
    do throws(SystemError) {
      try Files.replace(folder.statusFile, with: text)
      statusWritten = text
    } catch {
      log.error("cannot tell the status", ["reason": error.description])
    }
  }

  private mutating func boundLogs() {
    let now = Clock.monotonicNanos()
    guard now - logsBoundedAt > 5_000_000_000 else { return }
    logsBoundedAt = now
    for place in [folder.logs, folder.nginx] {
      for name in Files.names(in: place) where name.hasSuffix(".log") {
        LogFile(path: "\(place)/\(name)").cut(over: Supervisor.logBound)
      }
    }
  }
}
