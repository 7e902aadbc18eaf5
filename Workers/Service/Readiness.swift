import API
import CShared
import Glibc
import Postgres
import Settings
import SharedMemory

/// `/ready`: does everything answer that an order needs?
extension Handler {
  func ready(_ inquiry: Inquiry) throws(APIError) {
    let request = inquiry.request
    let markets = core.ownMarkets
    let isKnown = core.markets.current.count > 0
    try slowly(.database, request) { worker throws(APIError) in
      let core = worker.core
      var parts: [(name: String, answers: Bool)] = [
        ("database", worker.answers(.own)), ("redis", RedisPing.answers(core.settings.redis)),
      ]
      if !core.hasAccounts {
        parts.append(("accounts", worker.answers(.accounts)))
      }
      // A shard may have no symbol at all, once its manager has said so.
      if core.isSharded { parts.append(("symbols", isKnown)) }
      for market in markets {
        // An engine that still recovers has the symbol already and shows nothing yet.
        let isServing = market.segment.map { $0.isEngineAlive && $0.committedSequence > 0 }
        parts.append(("engine \(market.entry.symbol.name)", isServing ?? false))
      }
      worker.handler.output.clear()
      let status = worker.handler.output.ready(parts)
      worker.handler.succeed(status, request)
    }
  }
}

extension SlowWorker {
  fileprivate func answers(_ database: Database) -> Bool {
    let answer = try? read(from: database) { connection throws(PostgresError) in
      try connection.query("select 1").count
    }
    return answer == 1
  }
}

/// Asks Redis whether it is there, on a connection of its own: nothing else of a worker needs it.
enum RedisPing {
  /// One of the nodes is enough, if it still belongs to the larger part of its cluster.
  static func answers(_ addresses: [Address]) -> Bool {
    addresses.contains { address in
      reaches(address) { descriptor in
        let words = Array("PING\r\nCLUSTER INFO\r\n".utf8)
        guard send(descriptor, words, words.count, Int32(MSG_NOSIGNAL)) == words.count else {
          return false
        }
        return isGood(answer(descriptor))
      }
    }
  }

  /// As far as it is needed: a server that is no cluster's node objects to the second question.
  private static func answer(_ descriptor: Int32) -> String {
    var text = ""
    var bytes = [UInt8](repeating: 0, count: 1024)
    while !text.contains("\r\n-"), !text.contains("cluster_state:fail"),
      !text.contains("cluster_state:ok")
    {
      let count = recv(descriptor, &bytes, bytes.count, 0)
      guard count > 0 else { break }
      text += String(decoding: bytes[..<count], as: UTF8.self)
    }
    return text
  }

  /// "+PONG", or a demand for a password: it answers.
  private static func isGood(_ answer: String) -> Bool {
    (answer.hasPrefix("+PONG") || answer.hasPrefix("-NOAUTH"))
      && !answer.contains("cluster_state:fail")
  }

  /// A name may stand for several nodes: connects to one after the other until one will do.
  private static func reaches(_ address: Address, _ suffices: (Int32) -> Bool) -> Bool {
    address.socketNames().contains { name in
      let descriptor = name.connected(patienceSeconds: 1)
      guard descriptor >= 0 else { return false }
      defer { close(descriptor) }
      return suffices(descriptor)
    }
  }
}
