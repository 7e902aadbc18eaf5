import Foundation
import Postgres
import SharedMemory
import Supervision
import TestSupport
import Testing

/// The real stack, brought up by `outcry up` in a temporary folder, spoken to through nginx.
final class Exchange: Sendable {
  let folder = TemporaryFolder("exchange")
  let port = freePort()
  let state: String
  private let environment: [String: String]
  private let janitor: Janitor

  /// `programs` is where engine and worker lie, if not among the products.
  init(programs: String? = nil, shards: Int = 1, environment: [String: String] = [:]) throws {
    self.environment = environment
    state = folder.file("state")
    janitor = Janitor(command: "\(Products.path(of: "outcry")) down --state \(state) >/dev/null")
    let place = programs.map { ["--programs", $0] } ?? []
    let number = shards > 1 ? ["--shards", "\(shards)"] : []
    let up = outcry(["up", "--wait", "150"] + place + number)
    try #require(up.status == 0, "\(up.output)")
    // That is content with one worker of each pool; a test may look at all of them.
    let areThere = try eventually { try (0..<shards).allSatisfy(isPoolWhole) }
    try #require(areThere)
  }

  private func isPoolWhole(shard: Int) throws -> Bool {
    let name = shard == 0 ? instance : "\(instance)-\(shard)"
    guard let pool = try ExchangeSegment.open(Instance(name: name))?.pool else { return false }
    return pool[.target] > 0 && pool[.serving] == pool[.target]
  }

  /// Before the folder goes, which `down` needs; the janitor is for when the tests are killed.
  deinit { outcry("down") }

  @discardableResult
  func outcry(_ arguments: String...) -> (status: Int32, output: String) { outcry(arguments) }

  func outcry(_ arguments: [String]) -> (status: Int32, output: String) {
    let (exit, output) = ChildProcess.run(
      Products.path(of: "outcry"), arguments + ["--state", state],
      environment: environment.merging(["OUTCRY_PORT": "\(port)"]) { $1 }, within: 180)
    guard case .code(let status)? = exit else { return (-1, output) }
    return (status, output)
  }

  var instance: String { StateFolder(existing: state)?.instance ?? "" }

  var database: String { database(ofShard: 0) }

  func database(ofShard shard: Int) -> String {
    let suffix = shard == 0 ? "" : "-\(shard)"
    return "host=\(state)/run/postgres\(suffix) user=outcry dbname=outcry"
  }

  /// One number out of the database.
  func count(_ query: String, ofShard shard: Int = 0) throws -> Int64 {
    try Connection(database(ofShard: shard)).query(query).int64(0, 0)
  }

  /// 0 while it does not run.
  func pid(of program: String) -> pid_t {
    ProgramStatus.all(in: state + "/processes").first { $0.name == program }?.pid ?? 0
  }

  /// Sends a signal to a program as soon as it runs, and says to which process. To process 0 it
  /// would go to the tests themselves.
  @discardableResult
  func signal(_ program: String, _ number: Int32) throws -> pid_t {
    var found: pid_t = 0
    let isRunning = eventually {
      found = pid(of: program)
      return found != 0
    }
    try #require(isRunning, "\(program) does not run")
    kill(found, number)
    return found
  }

  /// Processes of the scoreboard that live.
  func living(_ role: Role, symbol: UInt32? = nil) throws -> [pid_t] {
    guard let exchange = try ExchangeSegment.open(Instance(name: instance)) else { return [] }
    return exchange.scores().filter {
      $0.isAlive && $0.role == role && (symbol == nil || $0.symbolID == symbol)
    }.map(\.processID)
  }

  func anyone() -> Client { Client(http: HTTPClient(port: port), token: nil) }

  /// A number about the worker pool.
  func figure(_ figure: PoolFigure) throws -> UInt64 {
    try ExchangeSegment.open(Instance(name: instance))?.pool[figure] ?? 0
  }

  /// A new account.
  func trader() throws -> Client {
    let name = "trader-\(UInt64.random(in: 0...UInt64.max))"
    let answer = anyone().call(
      "POST", "/api/register", ["name": name, "password": "correct horse"])
    try #require(answer.status == 201, "\(answer)")
    return Client(http: HTTPClient(port: port), token: answer["token"] as? String)
  }
}

/// Somebody who calls the API, with or without an account.
struct Client: Sendable {
  struct Answer: CustomStringConvertible {
    var status: Int
    var json: [String: Any]
    var raw: HTTPClient.Answer

    subscript(_ name: String) -> Any? { json[name] }
    var errorCode: String? { (json["error"] as? [String: Any])?["code"] as? String }
    var description: String { "\(status) \(raw.body)" }
  }

  let http: HTTPClient
  let token: String?

  func call(
    _ method: String, _ path: String, _ body: [String: Any]? = nil,
    headers: [String: String] = [:]
  ) -> Answer {
    let bytes = body.map { Array((try? JSONSerialization.data(withJSONObject: $0)) ?? Data()) }
    return send(method, path, bytes, headers: headers)
  }

  func send(
    _ method: String, _ path: String, _ body: [UInt8]?, headers: [String: String] = [:]
  ) -> Answer {
    var headers = headers
    if let token { headers["Authorization"] = "Bearer \(token)" }
    let answer = http.send(method, path, headers: headers, body: body)
    let json = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8))
    return Answer(status: answer.status, json: json as? [String: Any] ?? [:], raw: answer)
  }

  func place(
    _ side: String, _ quantity: String, at price: String, symbol: String = "BTC-USD",
    key: String? = nil
  ) -> Answer {
    var order = [
      "symbol": symbol, "side": side, "type": "limit", "price": price, "quantity": quantity,
    ]
    order["clientOrderId"] = key
    return call("POST", "/api/orders", order)
  }

  /// Price and quantity of the best level of a side.
  func best(_ side: String, of symbol: String = "BTC-USD") -> [String]? {
    (call("GET", "/api/book/\(symbol)")[side] as? [[String]])?.first
  }
}
