import CShared

/// A record that is found by a number.
protocol Keyed {
  var key: UInt64 { get }
  /// The next record of the same bucket, or of the list of free ones.
  var chain: UInt32 { get set }
}

/// Records in slots that never move, found by key.
///
/// The index is a linear hash: chains through the records themselves, and buckets that split two
/// for each record that comes in. So growing costs the same few nanoseconds at every insertion,
/// there is never a rehash, and a record is touched only when it is the one looked for or shares
/// its bucket: one in four lookups meets another, at eight bytes of index a record.
struct Table<Record: Keyed> {
  static var firstBuckets: UInt32 { 1024 }

  let records: Region<Record>
  private let heads: Region<UInt32>
  private var buckets = Self.firstBuckets
  /// The largest power of two up to `buckets`, minus one.
  private var mask = Self.firstBuckets - 1
  private var free: UInt32 = 0
  private(set) var count: UInt32 = 0
  /// Slots below this were in use at some time.
  private(set) var highWater: UInt32 = 1

  static func bytes(capacity: Int) -> Int {
    Reservation.bytes(Record.self, capacity + 1)
      + Reservation.bytes(UInt32.self, max(2 * capacity, Int(firstBuckets)) + 1)
  }

  init(capacity: Int, in reservation: inout Reservation) {
    records = reservation.carve(Record.self, capacity + 1)
    heads = reservation.carve(UInt32.self, max(2 * capacity, Int(Self.firstBuckets)) + 1)
  }

  @inline(__always)
  var isFull: Bool { count + 1 == records.capacity }

  /// Neighbouring keys share a cache line of buckets, yet no regular pattern of keys (every
  /// second one, every 64th) piles up: whole groups of 16 are scattered, and each group's own
  /// order is turned by its hash. (The product's high half is folded in because its middle bits
  /// alone pile consecutive groups up: a million ids in a row had two strangers before them.)
  @inline(__always)
  private static func hash(_ key: UInt64) -> UInt32 {
    var group = (key &>> 4) &* 0x9E37_79B9_7F4A_7C15
    group ^= group &>> 32
    return UInt32(truncatingIfNeeded: group &<< 4 | ((key ^ (group &>> 28)) & 15))
  }

  @inline(__always)
  private func bucket(_ key: UInt64) -> UInt32 {
    let hash = Self.hash(key)
    let wide = hash & (mask &<< 1 | 1)
    return wide < buckets ? wide : hash & mask
  }

  @inline(__always)
  func find(_ key: UInt64) -> UInt32 {
    var slot = first(key)
    while slot != 0 && records[slot].key != key { slot = records[slot].chain }
    return slot
  }

  /// The first record of a key's bucket.
  @inline(__always)
  func first(_ key: UInt64) -> UInt32 { heads[bucket(key)] }

  /// Asks for what the first steps of `find` will read: its bucket …
  @inline(__always)
  func prefetchBucket(_ key: UInt64) { outcry_prefetch(heads.base + Int(bucket(key))) }

  /// … and then the first record of the bucket.
  @inline(__always)
  func prefetchRecord(_ key: UInt64) {
    outcry_prefetch(records.base + Int(heads[bucket(key)]))
  }

  /// The key must not be in the table, and the table not full.
  @inline(__always)
  mutating func insert(_ record: Record) -> UInt32 {
    var slot = free
    if slot != 0 {
      free = records[slot].chain
    } else {
      slot = highWater
      highWater += 1
    }
    let home = bucket(record.key)
    records[slot] = record
    records[slot].chain = heads[home]
    heads[home] = slot
    count += 1
    if count &* 2 > buckets {
      split()
      split()
    }
    return slot
  }

  /// The record's other fields stay readable until its slot is used again.
  @inline(__always)
  mutating func remove(_ slot: UInt32) {
    let home = bucket(records[slot].key)
    if heads[home] == slot {
      heads[home] = records[slot].chain
    } else {
      var before = heads[home]
      while records[before].chain != slot { before = records[before].chain }
      records[before].chain = records[slot].chain
    }
    records[slot].chain = free
    free = slot
    count -= 1
  }

  private mutating func split() {
    guard buckets < heads.capacity else { return }
    let wide = mask &<< 1 | 1
    let old = buckets & mask
    // Splits go through the buckets in order: this one's turn comes 24 splits from now.
    outcry_prefetch(records.base + Int(heads[min(old &+ 24, buckets)]))
    var slot = heads[old]
    var staying: UInt32 = 0
    var moving: UInt32 = 0
    while slot != 0 {
      let next = records[slot].chain
      if Self.hash(records[slot].key) & wide == buckets {
        records[slot].chain = moving
        moving = slot
      } else {
        records[slot].chain = staying
        staying = slot
      }
      slot = next
    }
    heads[old] = staying
    heads[buckets] = moving
    buckets += 1
    if buckets > wide { mask = wide }
  }
}
