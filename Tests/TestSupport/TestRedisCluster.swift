import Glibc
import Synchronization

/// Six Redis servers of the tests' own that form a cluster: three masters, and a replica of each.
public final class TestRedisCluster: Sendable {
  public static let masters = 3
  public let folder = TemporaryFolder("cluster")
  /// Each node's port of 127.0.0.1.
  public let ports: [UInt16]
  private let buses: [UInt16]
  private let servers = Mutex<[ChildProcess?]>([])
  private let paused = Mutex<Set<Int>>([])

  public init() {
    // All of them at once, lest one comes twice.
    var found: Set<UInt16> = []
    while found.count < 4 * TestRedisCluster.masters { found.insert(freePort()) }
    let all = Array(found)
    ports = Array(all[..<(all.count / 2)])
    buses = Array(all[(all.count / 2)...])
    servers.withLock { $0 = ports.map { _ in nil } }
    for node in ports.indices { start(node) }
    join()
  }

  public func start(_ node: Int) {
    let log = folder.file("log-\(node)")
    let child = ChildProcess(
      "redis-server",
      [
        "--port", String(ports[node]), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
        "--dir", folder.path, "--daemonize", "no", "--cluster-enabled", "yes",
        "--cluster-port", String(buses[node]), "--cluster-config-file", "nodes-\(node).conf",
        "--cluster-node-timeout", "1500", "--cluster-replica-validity-factor", "0",
        "--repl-diskless-sync-delay", "0",
      ], outputPath: log)
    servers.withLock { $0[node] = child }
    let isUp = eventually { command(node, "ping") == "PONG" }
    precondition(isUp, "Redis does not start:\n\(readFile(log))")
  }

  /// What `redis-cli --cluster create` does, without its pauses.
  private func join() {
    let share = 16_384 / TestRedisCluster.masters + 1
    for master in 0..<TestRedisCluster.masters {
      let last = min((master + 1) * share, 16_384) - 1
      must(master, "cluster", "addslotsrange", String(master * share), String(last))
      must(master, "cluster", "set-config-epoch", String(master + 1))
    }
    for node in ports.indices.dropFirst() {
      must(0, "cluster", "meet", "127.0.0.1", String(ports[node]), String(buses[node]))
    }
    let haveMet = eventually {
      ports.indices.allSatisfy { info($0).contains("cluster_known_nodes:\(ports.count)\r\n") }
    }
    precondition(haveMet, "the nodes do not meet")
    for master in 0..<TestRedisCluster.masters {
      must(TestRedisCluster.masters + master, "cluster", "replicate", id(master))
    }
    precondition(eventually { isWhole }, "the cluster does not form")
  }

  /// Every slot has a master, and every master that lives a replica in step with it.
  public var isWhole: Bool {
    ports.indices.allSatisfy { node in
      let role = command(node, "info", "replication")
      return info(node).contains("cluster_state:ok")
        && (role.contains("master_link_status:up") || role.contains("connected_slaves:1"))
    }
  }

  private func info(_ node: Int) -> String { command(node, "cluster", "info") }
  public func id(_ node: Int) -> String { command(node, "cluster", "myid") }

  /// The master of a slot, in its own eyes.
  public func master(ofSlot slot: Int) -> Int? {
    ports.indices.first { node in
      guard isRunning(node) else { return false }
      let own = command(node, "cluster", "nodes").split(separator: "\n")
        .first { $0.contains("myself,master") }
      let ranges = own?.split(separator: " ").dropFirst(8) ?? []
      return ranges.contains { range in
        let ends = range.split(separator: "-").compactMap { Int($0) }
        return !ends.isEmpty && ends[0] <= slot && slot <= ends[ends.count - 1]
      }
    }
  }

  private func isRunning(_ node: Int) -> Bool {
    servers.withLock { $0[node]?.isRunning == true } && !paused.withLock { $0.contains(node) }
  }

  public func kill(_ node: Int) {
    servers.withLock { servers in
      servers[node]?.kill(SIGKILL)
      _ = servers[node]?.wait()
      servers[node] = nil
    }
  }

  /// A node that accepts connections and never answers.
  public func pause(_ node: Int) {
    paused.withLock { _ = $0.insert(node) }
    servers.withLock { $0[node]?.kill(SIGSTOP) }
  }

  public func resume(_ node: Int) {
    servers.withLock { $0[node]?.kill(SIGCONT) }
    paused.withLock { _ = $0.remove(node) }
  }

  /// Runs one command at a node with redis-cli and returns what it prints.
  @discardableResult
  public func command(_ node: Int, _ words: String...) -> String { run(node, words) }

  private func must(_ node: Int, _ words: String...) {
    let answer = run(node, words)
    precondition(answer == "OK", "\(words): \(answer)")
  }

  private func run(_ node: Int, _ words: [String]) -> String {
    var output = ChildProcess.run("redis-cli", ["-p", String(ports[node])] + words).output
    while output.last?.isNewline == true { output.removeLast() }
    return output
  }
}
