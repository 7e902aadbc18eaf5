import Settings

/// The ways into Redis: to one server, or to a cluster, whose nodes tell where all of them are.
public struct RedisNodes: Sendable {
  private let given: [Address]
  /// Nil while no node has said that it belongs to a cluster.
  private var map: SlotMap?
  private var askedFirst: Address?
  private var askedLast: Address?

  public init(_ given: [Address]) {
    precondition(!given.isEmpty, "Redis has no address")
    self.given = given
  }

  public var isCluster: Bool { map != nil }

  /// A connection to some node, which has told of the others.
  public mutating func connect() throws(RedisError) -> RedisConnection {
    var failure: RedisError?
    for address in candidates {
      do throws(RedisError) {
        let made = try RedisConnection(address)
        try learn(from: made)
        made.isInCluster = isCluster
        askedFirst = address
        askedLast = nil
        return made
      } catch { failure = failure ?? error }
    }
    throw failure!
  }

  /// A connection to the node that has the slot, or to the only server.
  mutating func connect(toMasterOf slot: Int) throws(RedisError) -> RedisConnection {
    let entrance = try connect()
    guard let map else { return entrance }
    guard let master = map.master(of: slot) else {
      throw RedisError(call: "connect", message: "no node has slot \(slot)", connectionLost: true)
    }
    if master == entrance.address { return entrance }
    let made = try RedisConnection(master)
    _ = try made.command("PING")
    made.isInCluster = true
    return made
  }

  /// Where to ask next.
  mutating func prefer(_ address: Address) { askedFirst = address }

  /// The others are to be asked before this one.
  public mutating func avoid(_ address: Address) {
    askedLast = address
    if askedFirst == address { askedFirst = nil }
  }

  /// Sets a key at the node that is about to get its slot; false when it did not take it.
  func set(_ key: KeyValue, asking address: Address) -> Bool {
    guard let node = try? RedisConnection(address) else { return false }
    node.append(asking: key)
    let isAnswered = (try? node.awaitReplies()) != nil
    return isAnswered && node.takeRefusedKeys().isEmpty
  }

  private var candidates: [Address] {
    var found: [Address] = []
    let known = [askedFirst].compactMap { $0 } + (map?.nodes ?? []) + given
    for address in known where !found.contains(address) && address != askedLast {
      found.append(address)
    }
    return found + [askedLast].compactMap { $0 }
  }

  private mutating func learn(from node: RedisConnection) throws(RedisError) {
    // A server that hangs still has its connections accepted by the kernel.
    _ = try node.command("PING")
    let reply: RedisReply
    do throws(RedisError) { reply = try node.command("CLUSTER", "SLOTS") } catch {
      if error.connectionLost { throw error }
      map = nil
      return
    }
    guard let found = SlotMap(reply, from: node.address), !found.nodes.isEmpty else {
      // It has not met the others yet, or was started anew without what it knew of them.
      throw RedisError(
        call: "connect \(node.address)", message: "it belongs to no cluster yet",
        connectionLost: true)
    }
    map = found
  }
}
