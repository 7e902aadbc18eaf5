/// The events of one account on their way to whoever listens to them.
package struct AccountLane {
  private struct Waiting {
    var symbol: String
    var first: UInt64
    var last: UInt64
    var events: [UInt8]
  }

  let account: UInt64
  let channel: [UInt8]
  var isUnderWay = false
  /// Before which nothing more is sent.
  private(set) var restsUntil: Int64 = 0
  /// A listener has come, who is to be told from where on nothing is missing.
  private(set) var isGreeting: Bool
  /// When the last one came; what nginx says of how many there are may be a moment behind that.
  private(set) var enteredAt: Int64
  private var waiting: [Waiting] = []
  private var waitingBytes = 0
  /// Up to where the account was told, by symbol.
  private var ends: [String: UInt64]

  private static let mostWaiting = 1 << 20

  /// `ends` says how far each symbol is that is known.
  package init(account: UInt64, ends: [String: UInt64], isGreeting: Bool, at now: Int64) {
    self.account = account
    self.ends = ends
    self.isGreeting = isGreeting
    enteredAt = now
    channel = Array("account.\(account)".utf8)
  }

  package var hasSomething: Bool { isGreeting || !waiting.isEmpty }

  /// A further listener: he hears of everything from here on, and the others of nothing twice.
  package mutating func enter(ends known: [String: UInt64], at now: Int64) {
    isGreeting = true
    enteredAt = now
    if waiting.isEmpty { ends = known }
  }

  /// What was said was heard by nobody. What was in it `ready` makes good.
  package mutating func greetAgain(ends known: [String: UInt64], at time: Int64) {
    isGreeting = true
    restsUntil = time
    if waiting.isEmpty { ends = known }
  }

  /// Adds an event of a message that covers these sequences. False when too much waits: everything
  /// is dropped then, and listeners must be told.
  package mutating func add(
    _ event: String, of symbol: String, _ covered: ClosedRange<UInt64>
  ) -> Bool {
    let last = covered.upperBound
    if waiting.last?.symbol == symbol {
      waiting[waiting.count - 1].events.append(UInt8(ascii: ","))
      waiting[waiting.count - 1].last = last
    } else {
      // What is not covered by a message of its own had nothing for this account in it.
      let first = ends[symbol].map { $0 + 1 } ?? covered.lowerBound
      waiting.append(Waiting(symbol: symbol, first: first, last: last, events: []))
    }
    waiting[waiting.count - 1].events += Array(event.utf8)
    ends[symbol] = last
    waitingBytes += event.utf8.count
    guard waitingBytes <= AccountLane.mostWaiting else {
      removeAll()
      return false
    }
    return true
  }

  /// The engine left out what is before `sequence`.
  package mutating func skip(_ symbol: String, to sequence: UInt64) { ends[symbol] = sequence }

  /// Nobody knows what was missed: the next message stands for itself.
  mutating func forgetEnds() { ends.removeAll() }

  mutating func removeAll() {
    waiting.removeAll()
    waitingBytes = 0
  }

  /// Writes the next message; there must be something waiting. What happened before a greeting
  /// goes first.
  package mutating func take(into body: inout [UInt8]) {
    body.removeAll(keepingCapacity: true)
    append("{\"stream\":\"account\",\"data\":{\"account\":\(account)", to: &body)
    if waiting.isEmpty {
      isGreeting = false
      let list = ends.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
      append(",\"ready\":true,\"sequences\":{\(list.joined(separator: ","))}}}", to: &body)
      return
    }
    let next = waiting.removeFirst()
    waitingBytes -= next.events.count
    if waiting.isEmpty { waitingBytes = 0 }
    append(",\"symbol\":\"\(next.symbol)\",\"firstSequence\":\(next.first)", to: &body)
    append(",\"lastSequence\":\(next.last),\"events\":[", to: &body)
    body += next.events
    append("]}}", to: &body)
  }

  private func append(_ text: String, to body: inout [UInt8]) {
    body.append(contentsOf: text.utf8)
  }
}
