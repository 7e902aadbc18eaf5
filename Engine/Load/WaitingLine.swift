/// Idle connections, used again in the order in which they became idle: all clients take their
/// turns, so both sides of the market are traded evenly.
struct WaitingLine {
  private var items: [Int] = []
  private var head = 0

  var count: Int { items.count - head }
  var isEmpty: Bool { count == 0 }

  mutating func append(_ item: Int) { items.append(item) }

  mutating func popFirst() -> Int? {
    guard head < items.count else { return nil }
    defer {
      head += 1
      // What was passed is dropped in large pieces.
      if head > 1024, 2 * head > items.count {
        items.removeFirst(head)
        head = 0
      }
    }
    return items[head]
  }

  mutating func remove(_ item: Int) {
    items = items[head...].filter { $0 != item }
    head = 0
  }
}
