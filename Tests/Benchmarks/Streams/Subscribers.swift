import CShared
import Glibc
import Synchronization

/// Many WebSocket clients of one stream on one thread.
final class Subscribers {
  private struct Client {
    var descriptor: Int32
    var buffer: [UInt8] = []
    var lastTrade = 0
  }

  private let poll = epoll_create1(0)
  private var clients: [Client] = []
  private var chunk = [UInt8](repeating: 0, count: 1 << 18)
  private let clock: TradeClock
  /// Takes what comes and does not look at it.
  private let isDeaf: Bool

  /// Trades that a client got twice, out of order or not at all.
  private(set) var wrong = 0
  private(set) var messages = 0
  private(set) var latencies = Histogram()

  init(clock: TradeClock, isDeaf: Bool = false) {
    self.clock = clock
    self.isDeaf = isDeaf
  }

  func connect(count: Int, port: UInt16, streams: String) {
    for _ in 0..<count {
      let descriptor = Network.connected(to: port)
      let request =
        "GET /stream?streams=\(streams) HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
        + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
      Network.send(descriptor, Array(request.utf8))
      let head = Network.head(descriptor)
      guard head.contains(" 101 ") else { fatalError("refused: \(head)") }
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      var event = epoll_event()
      event.events = EPOLLIN.rawValue
      event.data.u32 = UInt32(clients.count)
      epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event)
      clients.append(Client(descriptor: descriptor))
    }
  }

  /// Reads what comes until every client has this trade, or the deadline (monotonic nanoseconds).
  func read(until isOver: () -> Bool) {
    var events = [epoll_event](repeating: epoll_event(), count: 256)
    while !isOver() {
      let count = epoll_wait(poll, &events, 256, 100)
      for index in 0..<max(0, Int(count)) { read(Int(events[index].data.u32)) }
    }
  }

  var behind: Int { clients.count { $0.lastTrade < clock.last } }

  private func read(_ index: Int) {
    let count = recv(clients[index].descriptor, &chunk, chunk.count, 0)
    guard count > 0 else {
      guard count == 0 || errno != EAGAIN else { return }
      fatalError("client \(index) was disconnected")
    }
    if isDeaf { return }
    clients[index].buffer += chunk[..<count]
    let now = Network.now()
    var start = 0
    while let (kind, payload) = frame(clients[index].buffer, start) {
      if kind == 1 { take(clients[index].buffer[payload], index, now) }
      start = payload.upperBound
    }
    clients[index].buffer.removeFirst(start)
  }

  private func frame(_ bytes: [UInt8], _ start: Int) -> (UInt8, Range<Int>)? {
    guard bytes.count >= start + 2 else { return nil }
    var length = Int(bytes[start + 1] & 127)
    var head = 2
    if length > 125 {
      head = length == 126 ? 4 : 10
      guard bytes.count >= start + head else { return nil }
      length = bytes[start + 2..<start + head].reduce(0) { $0 << 8 | Int($1) }
    }
    guard bytes.count >= start + head + length else { return nil }
    return (bytes[start] & 15, start + head..<start + head + length)
  }

  private func take(_ text: ArraySlice<UInt8>, _ index: Int, _ now: Int64) {
    messages += 1
    let mark = Array("\"tradeId\":".utf8)
    var position = text.startIndex
    let quote = mark[1]
    while position + mark.count < text.endIndex {
      // Every name that begins with t is looked at, and few others.
      guard text[position] == quote, text[position..<position + 9].elementsEqual(mark[1...9]) else {
        position += 1
        continue
      }
      position += 9
      var trade = 0
      while text[position] &- 0x30 < 10 || text[position] == 0x3a {
        if text[position] != 0x3a { trade = trade * 10 + Int(text[position] - 0x30) }
        position += 1
      }
      if clients[index].lastTrade != 0, trade != clients[index].lastTrade + 1 { wrong += 1 }
      clients[index].lastTrade = trade
      latencies.add(max(0, now - clock.acknowledged(trade, or: now)))
    }
  }
}

/// When each trade's order was answered.
final class TradeClock: @unchecked Sendable {
  private let times: UnsafeMutablePointer<Atomic<Int64>>
  private let newest = Atomic<Int>(0)
  private let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    times = .allocate(capacity: capacity)
    for index in 0..<capacity { (times + index).initialize(to: Atomic(0)) }
  }

  var last: Int { newest.load(ordering: .acquiring) }

  func answered(_ trade: Int, at time: Int64) {
    times[trade].store(time, ordering: .releasing)
    if trade > last { newest.store(trade, ordering: .releasing) }
  }

  /// What is not answered yet when a client has it counts as no delay at all.
  func acknowledged(_ trade: Int, or now: Int64) -> Int64 {
    let time = times[trade].load(ordering: .acquiring)
    return time == 0 ? now : time
  }
}

/// Delays in steps of a tenth of a millisecond.
struct Histogram {
  private var counts = [Int](repeating: 0, count: 50_001)
  private(set) var total = 0

  mutating func add(_ nanoseconds: Int64) {
    counts[min(Int(nanoseconds / 100_000), counts.count - 1)] += 1
    total += 1
  }

  func milliseconds(at share: Double) -> Double {
    var left = Int(Double(total) * share)
    for (index, count) in counts.enumerated() {
      left -= count
      if left < 0 { return Double(index + 1) / 10 }
    }
    return Double(counts.count) / 10
  }
}
