import Glibc
import SharedMemory
import Synchronization

/// Set by signals; read by the loop.
private let isOver = Atomic(false)

/// The terminal while a live view has it: another screen, no cursor, keys one by one. `restore`
/// gives it back as it was.
struct Terminal {
  private let wasMode: termios?

  static var isThere: Bool { isatty(STDOUT_FILENO) == 1 }

  init() {
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
      signal(number) { _ in isOver.store(true, ordering: .relaxed) }
    }
    // A new size ends the wait for a key, so that the view is drawn anew.
    signal(SIGWINCH) { _ in }
    var mode = termios()
    if isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &mode) == 0 {
      wasMode = mode
      mode.c_lflag &= ~tcflag_t(ICANON | ECHO)
      tcsetattr(STDIN_FILENO, TCSANOW, &mode)
    } else {
      wasMode = nil
    }
    Terminal.write("\u{1B}[?1049h\u{1B}[?25l")
  }

  func restore() {
    Terminal.write("\u{1B}[?25h\u{1B}[?1049l")
    if var wasMode { tcsetattr(STDIN_FILENO, TCSANOW, &wasMode) }
  }

  var size: (rows: Int, columns: Int) {
    var window = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_row > 0 else {
      return (24, 80)
    }
    return (Int(window.ws_row), Int(window.ws_col))
  }

  /// Draws over what is there, so that nothing flickers.
  func show(_ lines: [String]) {
    let (rows, columns) = size
    let visible = lines.prefix(max(1, rows - 1)).map { $0.prefix(columns) }
    Terminal.write(
      "\u{1B}[H" + visible.map { "\($0)\u{1B}[K\r\n" }.joined() + "\u{1B}[J")
  }

  /// Waits so long, or until somebody wants to end it; false then.
  func wait(seconds: Double) -> Bool {
    let end = Clock.monotonicNanos() + Int64(seconds * 1e9)
    while !isOver.load(ordering: .relaxed) {
      let descriptor = wasMode == nil ? -1 : STDIN_FILENO
      var keyboard = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let left = max(0, end - Clock.monotonicNanos()) / 1_000_000
      let count = poll(&keyboard, 1, Int32(left))
      if count <= 0 { return !isOver.load(ordering: .relaxed) }
      var key: UInt8 = 0
      guard read(STDIN_FILENO, &key, 1) == 1 else { return false }
      if key == UInt8(ascii: "q") || key == UInt8(ascii: "Q") || key == 3 { return false }
    }
    return false
  }

  private static func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Glibc.write(
          STDOUT_FILENO, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0 && errno != EINTR { return }
        rest = rest.dropFirst(max(0, count))
      }
    }
  }
}
