import CShared
import Glibc
import Settings

/// What a master leaves to the program that takes its place in the same process.
///
/// On SIGHUP the master becomes the program that lies at its path now: `execv` keeps the pid, so
/// supervisor and children notice nothing, and the sockets stay open. The new program finds this
/// text in its environment, goes on looking after the children, and replaces them one by one.
struct Handover: Equatable {
  static let variable = "OUTCRY_POOL_STATE"
  private static let version = "1"

  struct Child: Equatable {
    var pid: pid_t
    var socket: Int32
    var wave: Int
    var startedAt: Int64
    /// 0: starting; 1: serving; else when it will be killed.
    var stage: Int64
    /// What has been counted of it already: requests, accepted, slow, limited.
    var counted: [UInt64]
  }

  var listener: Int32
  var wave: Int
  var target: Int
  /// What the operator allows now, and what the settings allowed when the master read them.
  var allowed: WorkerCount
  var configured: WorkerCount
  var children: [Child] = []

  var text: String {
    let head = "\(Handover.version) \(listener) \(wave) \(target) \(allowed) \(configured)"
    return children.reduce(into: head) { text, child in
      let numbers =
        [Int64(child.pid), Int64(child.socket), Int64(child.wave), child.startedAt]
        .map(String.init) + [String(child.stage)] + child.counted.map(String.init)
      text += " " + numbers.joined(separator: ",")
    }
  }

  /// Nil when the text is of another version, or of nobody's making.
  init?(text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count >= 6, words[0] == Handover.version, let listener = Int32(words[1]),
      let wave = Int(words[2]), let target = Int(words[3]), let allowed = WorkerCount(words[4]),
      let configured = WorkerCount(words[5])
    else { return nil }
    self.init(
      listener: listener, wave: wave, target: target, allowed: allowed, configured: configured)
    for word in words.dropFirst(6) {
      let numbers = word.split(separator: ",").compactMap { Int64($0) }
      guard numbers.count == 9 else { return nil }
      children.append(
        Child(
          pid: pid_t(numbers[0]), socket: Int32(numbers[1]), wave: Int(numbers[2]),
          startedAt: numbers[3], stage: numbers[4], counted: numbers[5...].map { UInt64($0) }))
    }
  }

  init(
    listener: Int32, wave: Int, target: Int, allowed: WorkerCount, configured: WorkerCount
  ) {
    self.listener = listener
    self.wave = wave
    self.target = target
    self.allowed = allowed
    self.configured = configured
  }

  /// What a predecessor in this process left, once.
  static func take() -> Handover? {
    guard let text = getenv(variable).map({ String(cString: $0) }) else { return nil }
    unsetenv(variable)
    guard let found = Handover(text: text) else { return nil }
    for descriptor in found.descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    return found
  }

  private var descriptors: [Int32] { [listener] + children.map(\.socket) }

  /// Becomes the program. Returns only when that fails, with errno.
  func become(_ program: String, _ arguments: [String]) -> Int32 {
    for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, 0) }
    setenv(Handover.variable, text, 1)
    let words = ([program] + arguments).map { strdup($0) }
    execv(program, words + [nil])
    let failure = errno
    words.forEach { free($0) }
    unsetenv(Handover.variable)
    for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    return failure
  }
}

extension Member {
  var handedOver: Handover.Child {
    let stage: Int64 =
      switch stage {
      case .starting: 0
      case .serving: 1
      case .draining(let deadline): deadline
      }
    return Handover.Child(
      pid: pid, socket: socket, wave: wave, startedAt: startedAt, stage: stage,
      counted: [report.requests, report.accepted, report.slow, report.limited])
  }

  init(_ child: Handover.Child) {
    self.init(pid: child.pid, socket: child.socket, wave: child.wave, startedAt: child.startedAt)
    stage =
      switch child.stage {
      case 0: .starting
      case 1: .serving
      default: .draining(until: child.stage)
      }
    report.requests = child.counted[0]
    report.accepted = child.counted[1]
    report.slow = child.counted[2]
    report.limited = child.counted[3]
  }
}
