import API
import Accounts
import FastCGI
import SharedMemory

/// Answers requests, or passes them to an engine or to the slow pool. Each thread that handles
/// requests has one, with the buffers it needs.
final class Handler {
  let core: Core
  let meter: RequestMeter
  /// Of one thread, which writes one answer at a time: unchecked as in `Request`.
  @exclusivity(unchecked) var output = JSONOutput(capacity: 65_536)
  let bids: UnsafeMutableBufferPointer<BoardLevel>
  let asks: UnsafeMutableBufferPointer<BoardLevel>
  var books = BookCache()

  init(_ core: Core, _ lane: WorkerLane) {
    self.core = core
    meter = RequestMeter(core.exchange, core.slot.meter(lane))
    bids = .allocate(capacity: Board.levelCapacity)
    asks = .allocate(capacity: Board.levelCapacity)
  }

  deinit {
    bids.deallocate()
    asks.deallocate()
  }

  func handle(_ inquiry: Inquiry) {
    do throws(APIError) {
      let route = try Route.match(method: inquiry.method, path: inquiry.path)
      core.journeys[inquiry.request].route = route.name
      if try answerOpenly(route, inquiry) { return }
      if route.isForAdministrators { return try administer(route, inquiry) }
      switch core.authenticator.check(inquiry.credentials, now: Clock.wallMicros()) {
      case .known(let identity): try serve(route, inquiry, identity)
      case .unknown(let credential): try lookUp(credential, route, inquiry)
      case .missing, .refused: throw .unauthorized
      }
    } catch {
      fail(error, inquiry.request)
    }
  }

  /// What needs an account. It must have been made sure whose request this is.
  func serve(_ route: Route, _ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    // Who puts the parts together has been counted.
    if !inquiry.request.isPart { try core.limits.admitRequest(of: identity.account) }
    switch route {
    case .placeOrder: try place(inquiry, identity)
    case .placeBatch: try placeBatch(inquiry, identity)
    case .cancel(let id): try cancel(id, inquiry, identity)
    case .amend(let id): try amend(id, inquiry, identity)
    case .cancelAll: try cancelAll(inquiry, identity)
    case .order(let id): try order(id, inquiry, identity)
    case .listOrders: try listOrders(inquiry, identity)
    case .fills: try fills(inquiry, identity)
    case .logout: try logout(inquiry)
    case .account: try account(inquiry, identity)
    case .createKey: try createKey(inquiry, identity)
    case .listKeys: try listKeys(inquiry, identity)
    case .deleteKey(let key): try deleteKey(key, inquiry, identity)
    default: throw .unknownPath
    }
  }

  /// What anybody may ask; false when the route is none of that kind.
  private func answerOpenly(_ route: Route, _ inquiry: Inquiry) throws(APIError) -> Bool {
    switch route {
    case .book(let name): try book(name, inquiry)
    case .trades(let name): try trades(name, inquiry)
    case .candles(let name): try candles(name, inquiry)
    case .ticker(let name): try ticker(name, inquiry)
    case .tickers: try tickers(inquiry)
    case .symbols: try symbols(inquiry)
    case .symbol(let name): try symbol(name, inquiry)
    case .stream(let transport): try stream(transport, inquiry)
    case .accountStream(let transport): try accountStream(transport, inquiry)
    case .register: try register(inquiry)
    case .login: try login(inquiry)
    case .openAPI: try openAPI(inquiry)
    case .health: health(inquiry)
    case .ready: try ready(inquiry)
    case .metrics: try metrics(inquiry)
    default: return false
    }
    return true
  }

  // MARK: - Ways to end

  func fail(_ cause: APIError, _ request: Request) {
    if let shard = cause.shard, !request.isPart { return sendOn(to: shard, cause, request) }
    let error = request.honest(cause)
    let journey = core.journeys[request]
    core.errors.record(error, request, journey)
    meter.refused(error.code)
    Reply.send(error, &output, journey.trace, to: request)
    finish(error.status, request, journey)
  }

  /// Sends what has been written to `output`.
  func succeed(_ status: Int, _ request: Request) {
    let journey = core.journeys[request]
    Reply.send(status, output.bytes, journey.trace, to: request)
    finish(status, request, journey)
  }

  /// Sends what is no JSON.
  func succeed(_ status: Int, _ body: [UInt8], type: StaticString, _ request: Request) {
    let journey = core.journeys[request]
    body.withUnsafeBytes { Reply.send(status, $0, type: type, journey.trace, to: request) }
    finish(status, request, journey)
  }

  /// An answer without a body.
  func succeedEmpty(_ status: Int, _ request: Request) {
    let journey = core.journeys[request]
    Reply.sendEmpty(status, journey.trace, to: request)
    finish(status, request, journey)
  }

  /// The answer is complete. Counted before it leaves: whoever has it finds it in the figures.
  func finish(_ status: Int, _ request: Request) {
    finish(status, request, core.journeys[request])
  }

  private func finish(_ status: Int, _ request: Request, _ journey: Journey) {
    let now = Clock.monotonicNanos()
    meter.answered(journey, status: status, at: now)
    if now - journey.startedAt > core.slowNanos {
      core.errors.recordSlow(request, journey, status: status, at: now)
    }
    core.server.finish(request)
  }

  func slowly(
    _ lane: SlowPool.Lane = .database, _ request: Request,
    _ body: @escaping @Sendable (SlowWorker) throws(APIError) -> Void
  ) throws(APIError) {
    let isTaken = core.slow.add(to: lane, of: core.slot) { worker in
      do throws(APIError) {
        try body(worker)
      } catch {
        worker.handler.fail(error, request)
      }
    }
    guard isTaken else { throw .unavailable("busy", "too many requests wait for the database") }
  }

  func market(named name: String) throws(APIError) -> Market {
    guard let market = core.markets.current[name] else { throw .unknownSymbol(name) }
    return market
  }

  // MARK: - Credentials

  /// The first request with a credential waits for the database; then it goes on as the others.
  private func lookUp(
    _ credential: UnknownCredential, _ route: Route, _ inquiry: Inquiry
  ) throws(APIError) {
    let body = Array(inquiry.body)
    let (request, deadline) = (inquiry.request, inquiry.deadline)
    try slowly(.database, request) { worker throws(APIError) in
      let identity = try worker.find(credential)
      let handler = worker.handler
      // Whoever the body was allocated for, nothing escapes the closure.
      let outcome = body.withUnsafeBytes { bytes -> APIError? in
        let inquiry = Inquiry(request, body: bytes, deadline: deadline)
        do throws(APIError) {
          try handler.serve(route, inquiry, identity)
          return nil
        } catch {
          return error
        }
      }
      if let outcome { throw outcome }
    }
  }
}
