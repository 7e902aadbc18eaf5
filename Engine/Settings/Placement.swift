/// Which shard a new symbol goes to: by its name in a list, else by the range its first letter is
/// in, else by a consistent hash, which moves as few symbols as can be when a shard is added. What
/// names a shard that takes none, as there are fewer at the moment, is passed over.
/// Where a symbol lives from then on is written in the table of symbols.
public struct Placement: Hashable, Sendable, CustomStringConvertible {
  public struct Rule: Hashable, Sendable {
    /// A name, or the first and last letter of a range.
    public enum Subject: Hashable, Sendable {
      case name(String)
      case range(UInt8, UInt8)
    }

    public let subject: Subject
    public let shard: Int
  }

  public let rules: [Rule]

  /// Everything by its hash.
  public init() { rules = [] }

  /// `hash`, or words such as `BTC-USD=0` and `A-G=1`.
  public init?(_ text: String) {
    var rules: [Rule] = []
    if text != "hash" {
      for word in text.split(separator: " ") {
        guard let rule = Placement.rule(word) else { return nil }
        rules.append(rule)
      }
      if rules.isEmpty { return nil }
    }
    self.rules = rules
  }

  private static func rule(_ word: Substring) -> Rule? {
    let parts = word.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let shard = Int(parts[1]), (0..<ShardAddresses.most).contains(shard)
    else { return nil }
    let name = Array(parts[0].utf8)
    guard !name.isEmpty, name.allSatisfy(isOfName) else { return nil }
    guard name.count == 3, name[1] == UInt8(ascii: "-") else {
      return Rule(subject: .name(String(parts[0])), shard: shard)
    }
    return name[0] <= name[2] ? Rule(subject: .range(name[0], name[2]), shard: shard) : nil
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  public var description: String {
    if rules.isEmpty { return "hash" }
    return rules.map { rule in
      switch rule.subject {
      case .name(let name): "\(name)=\(rule.shard)"
      case .range(let first, let last):
        "\(Unicode.Scalar(first))-\(Unicode.Scalar(last))=\(rule.shard)"
      }
    }.joined(separator: " ")
  }

  /// The highest number that is named.
  var largest: Int? { rules.map(\.shard).max() }

  public func shard(of name: String, count: Int) -> Int {
    let first = name.utf8.first ?? 0
    var ranged: Int?
    for rule in rules where rule.shard < count {
      switch rule.subject {
      case .name(let known): if known == name { return rule.shard }
      case .range(let from, let to):
        if ranged == nil, (from...to).contains(first) { ranged = rule.shard }
      }
    }
    return ranged ?? Placement.jump(Placement.hash(name), count)
  }

  /// FNV-1a, and its bits mixed once more: short names alike differ in the lowest ones only.
  private static func hash(_ name: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
    return hash ^ hash >> 33
  }

  /// Lamping and Veach's jump consistent hash: with one shard more, one name of as many as there
  /// are shards then goes to the new one, and no other goes anywhere.
  private static func jump(_ key: UInt64, _ count: Int) -> Int {
    var key = key
    var chosen: Int64 = -1
    var next: Int64 = 0
    while next < count {
      chosen = next
      key = key &* 2_862_933_555_777_941_757 &+ 1
      next = Int64(Double(chosen + 1) * (Double(1 << 31) / Double(key >> 33 + 1)))
    }
    return Int(chosen)
  }
}
