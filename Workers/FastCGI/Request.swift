import CFCGI
import Glibc

/// One request that is being answered. The objects are pooled: what `parameter` returns is valid
/// until the request is finished, and a finished request must not be touched.
///
/// A request belongs to one thread at a time. It may be handed from the thread that read it to
/// another one that answers and finishes it.
public final class Request: @unchecked Sendable {
  /// Which of the server's request objects this is; below the server's limit of requests.
  public let index: Int
  let raw: UnsafeMutablePointer<FCGX_Request>
  /// The connection holds bytes nobody read and cannot carry another request.
  var mustClose = false
  /// Monotonic nanoseconds at which the server woke up to read it.
  var beganAt: Int64 = 0
  /// A request belongs to one thread at a time, and a look-up calls nothing that could come back:
  /// checking that at run time costs more than the look-up.
  @exclusivity(unchecked) private var parameters = ParameterIndex()

  init(index: Int) {
    self.index = index
    raw = .allocate(capacity: 1)
    // -1 for the listening socket: libfcgi must never accept by itself, which would block.
    FCGX_InitRequest(raw, -1, 0)
  }

  deinit {
    FCGX_Free(raw, 0)
    raw.deallocate()
    parameters.deallocate()
  }

  /// The value of a FastCGI parameter, or nil; nothing is copied.
  public func parameter(_ name: StaticString) -> UnsafeRawBufferPointer? {
    parameters.value(of: name, in: raw.pointee.envp)
  }

  /// Appends to the answer. Failures show when the request is finished: the peer is gone then.
  public func write(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    FCGX_PutStr(
      start.assumingMemoryBound(to: CChar.self), Int32(truncatingIfNeeded: bytes.count),
      raw.pointee.out)
  }

  public func write(_ text: StaticString) {
    write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Reads the request from a connection that has something to read. False: the connection was
  /// closed or broken, and is closed here too.
  func begin(on connection: Int32) -> Bool {
    // What libfcgi had allocated for the request before. Done by the thread that allocates the
    // same again at once: freed where requests end, it would go from one thread's heap into
    // another's cache with every request.
    FCGX_Free(raw, 0)
    parameters.forget()
    raw.pointee.ipcFd = connection
    // It first finishes "the previous request", which would close a connection not to be kept.
    raw.pointee.keepConnection = 1
    // "Detached" makes libfcgi close a broken connection at once. Otherwise it would wait up to
    // two seconds for the peer to close its side first, and with it this thread.
    raw.pointee.detached = 1
    return FCGX_Accept_r(raw) == 0
  }

  /// Reads the body into the buffer. Everything up to the end of the stream is consumed, or the
  /// rest of it would be taken for the next request on this connection.
  func readBody(into buffer: UnsafeMutableRawBufferPointer, drainLimit: Int) -> BodyOutcome {
    let input = raw.pointee.in
    let start = buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
    var length = 0
    while length < buffer.count {
      let wanted = Int32(truncatingIfNeeded: buffer.count - length)
      let count = FCGX_GetStr(start + length, wanted, input)
      length += Int(max(count, 0))
      if count < wanted { break }
    }
    if length < buffer.count { return FCGX_GetError(input) == 0 ? .complete(length) : .broken }
    var drained = 0
    while drained < drainLimit {
      let count = FCGX_GetStr(start, Int32(truncatingIfNeeded: buffer.count), input)
      drained += Int(max(count, 0))
      if count < buffer.count { break }
    }
    if FCGX_GetError(input) != 0 { return .broken }
    return drained == 0 ? .complete(length) : .tooLarge(consumed: drained < drainLimit)
  }

  /// Sends what is left of the answer; the connection if it can carry another request.
  func end(keeping: Bool) -> Int32? {
    let connection = raw.pointee.ipcFd
    let keep = keeping && raw.pointee.keepConnection != 0
    // The answer's last record is the one of the stream that is closed last.
    let isSent =
      FCGX_FClose(raw.pointee.err) == 0 && FCGX_FClose(raw.pointee.out) == 0
      && FCGX_GetError(raw.pointee.in) == 0
    raw.pointee.ipcFd = -1
    if keep, isSent { return connection }
    close(connection)
    return nil
  }
}

enum BodyOutcome {
  case complete(Int)
  case tooLarge(consumed: Bool)
  case broken
}
