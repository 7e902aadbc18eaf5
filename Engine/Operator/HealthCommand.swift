import Glibc
import Settings
import SharedMemory
import Wire

extension Commands {
  static let health = Command(
    name: "health", summary: "ask one part of the exchange whether it serves, for health checks",
    help: """
      usage: outcry health workers [--state FOLDER]
             outcry health engines [--state FOLDER]
             outcry health ready [--state FOLDER]

      Asks the part itself, without nginx, and waits for at most 3 seconds.

        workers  the pool at OUTCRY_LISTEN answers GET /health
        engines  every symbol known to the workers has an engine, and it has recovered
        ready    the pool at OUTCRY_LISTEN answers GET /ready with 200: database, Redis, engines

      Exit status: 0 when it does, 1 when it does not, with the reason on standard output.
      """
  ) { arguments in
    let place = try Place(&arguments)
    let part = arguments.operand()
    try arguments.end()
    let settings = try place.settings(in: try place.existing())
    switch part {
    case "workers": ask(settings.listen, "/health")
    case "ready": ask(settings.listen, "/ready")
    case "engines": try inspectEngines(settings)
    default: throw Usage("say what to ask: workers, engines or ready", for: "health")
    }
  }

  private static func ask(_ address: Address, _ path: String) {
    switch FastCGICall.get(path, at: address, seconds: 3) {
    case .failed(let why): end("\(address): \(why)")
    case .answered(let status, let body):
      print(body)
      if status != 200 { exit(1) }
    }
  }

  private static func inspectEngines(_ settings: Settings) throws {
    let instance = try Instance(name: settings.instance)
    guard let exchange = try ExchangeSegment.open(instance) else {
      end("there is no shared memory of \(instance.name)")
    }
    let all = exchange.all
    if all.isEmpty { end("no engine has told its symbol yet") }
    // Of a shard's own symbols, of which there may be none.
    let symbols = all.filter { settings.owns(shard: $0.shard) }
    let missing = try symbols.filter { try !isServing($0, in: instance) }.map(\.name)
    if !missing.isEmpty { end("not serving: \(missing.joined(separator: ", "))") }
    print("\(symbols.count) engines serve")
  }

  /// An engine that still recovers has the symbol already and shows nothing yet.
  private static func isServing(_ symbol: Symbol, in instance: Instance) throws -> Bool {
    let segment = try SymbolSegment.open(instance, symbolName: symbol.name, id: symbol.id)
    return segment.map { $0.isEngineAlive && $0.committedSequence > 0 } ?? false
  }

  private static func end(_ why: String) -> Never {
    print(why)
    exit(1)
  }
}
