import Foundation
import Postgres
import SharedMemory
import Store
import Synchronization
import TestSupport

/// One worker pool with a database of its own and engines that the test makes.
final class ServiceRig {
  let folder = TemporaryFolder("service")
  let instance: Instance
  let exchange: ExchangeSegment
  let database: String
  let socket: String
  let redis = TestRedis()
  let master: ChildProcess
  /// Should the tests crash.
  private let janitor: Janitor

  /// `settings` are further variables of the worker.
  init(deadlineMilliseconds: Int = 2000, settings: [String: String] = [:]) throws {
    let name = "service-test-\(getpid())-\(ServiceRig.counter.next())"
    instance = try Instance(name: name)
    janitor = Janitor(command: "rm -f /dev/shm/outcry.\(name).*")
    exchange = try ExchangeSegment.openOrCreate(instance)
    database = TestPostgres.shared.newDatabase()
    let connection = try Connection(database)
    try Schema.migrate(connection)
    for stored in try Symbols.list(connection) { try exchange.add(stored.symbol) }
    socket = folder.file("w")
    master = ChildProcess(
      Products.path(of: "outcry-worker"),
      environment: [
        "OUTCRY_INSTANCE": name, "OUTCRY_DATABASE": database, "OUTCRY_LISTEN": socket,
        "OUTCRY_WORKERS": "1", "OUTCRY_SECRET_FILE": folder.file("secret"),
        "OUTCRY_REDIS": redis.socket,
        "OUTCRY_REQUEST_DEADLINE_MS": String(deadlineMilliseconds),
      ].merging(settings) { $1 }, outputPath: folder.file("log"))
    let isUp = eventually { (try? connect().get("/health").status) == 200 }
    precondition(isUp, master.output)
  }

  deinit {
    master.kill(SIGTERM)
    _ = master.wait()
    instance.removeAll()
  }

  private static let counter = Counter()

  func connect() throws -> FastCGIClient { try FastCGIClient(path: socket) }

  /// Registers an account and returns the parameters that prove it.
  func register(_ name: String) throws -> [String: String] {
    let body = Array(#"{"name":"\#(name)","password":"a long password"}"#.utf8)
    let response = try connect().request("POST", "/api/register", body: body)
    guard response.status == 201 else { throw RigFailure(text: response.text + master.output) }
    return ["HTTP_AUTHORIZATION": "Bearer \(response.field("token") as? String ?? "")"]
  }
}

struct RigFailure: Error {
  let text: String
}

extension FastCGIClient.Response {
  var object: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
  }

  func field(_ name: String) -> Any? { object[name] }

  /// The code of an error answer.
  var code: String? { (object["error"] as? [String: Any])?["code"] as? String }
}

extension FastCGIClient {
  /// The status that `order` gets.
  func place(_ credentials: [String: String]) throws -> Int {
    try request("POST", "/api/orders", body: order, parameters: credentials).status
  }
}

let order = Array(
  #"{"symbol":"BTC-USD","side":"buy","type":"limit","price":"70000.00","quantity":"0.5"}"#.utf8)
