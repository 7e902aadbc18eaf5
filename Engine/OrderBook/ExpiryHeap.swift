/// The open orders that expire, soonest first; equal times in the order of their ids.
struct ExpiryHeap {
  private struct Entry {
    var time: Int64 = 0
    var id: UInt64 = 0
    var slot: UInt32 = 0

    @inline(__always)
    static func < (left: Entry, right: Entry) -> Bool {
      left.time < right.time || left.time == right.time && left.id < right.id
    }
  }

  private let entries: Region<Entry>
  private let details: Region<OrderDetails>
  private(set) var count: UInt32 = 0

  static func bytes(capacity: Int) -> Int { Reservation.bytes(Entry.self, capacity + 1) }

  init(capacity: Int, details: Region<OrderDetails>, in reservation: inout Reservation) {
    entries = reservation.carve(Entry.self, capacity + 1)
    self.details = details
  }

  var soonest: (time: Int64, slot: UInt32)? {
    count == 0 ? nil : (entries[1].time, entries[1].slot)
  }

  mutating func insert(_ slot: UInt32, id: UInt64, at time: Int64) {
    count += 1
    rise(from: count, Entry(time: time, id: id, slot: slot))
  }

  mutating func remove(_ slot: UInt32) {
    let position = details[slot].expiry
    details[slot].expiry = 0
    let last = entries[count]
    count -= 1
    guard position <= count else { return }
    if position > 1 && last < entries[position / 2] {
      rise(from: position, last)
    } else {
      sink(from: position, last)
    }
  }

  private func rise(from start: UInt32, _ entry: Entry) {
    var position = start
    while position > 1 && entry < entries[position / 2] {
      put(entries[position / 2], at: position)
      position /= 2
    }
    put(entry, at: position)
  }

  private func sink(from start: UInt32, _ entry: Entry) {
    var position = start
    while position * 2 <= count {
      var child = position * 2
      if child < count && entries[child + 1] < entries[child] { child += 1 }
      guard entries[child] < entry else { break }
      put(entries[child], at: position)
      position = child
    }
    put(entry, at: position)
  }

  private func put(_ entry: Entry, at position: UInt32) {
    entries[position] = entry
    details[entry.slot].expiry = position
  }
}
