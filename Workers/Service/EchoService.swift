import FastCGI

/// Answers every request with a constant, as long as the answer to an order, through the machinery
/// the real service uses: the yard stick of every benchmark.
public final class EchoService: Sendable {
  private let server: Server

  public init(server: Server) { self.server = server }

  public func start(whenDrained: @escaping @Sendable () -> Void) {
    startThread("intake") { [server] in
      EchoService.serve(server)
      whenDrained()
    }
  }

  public func drain() { server.drain() }

  private static func serve(_ server: Server) {
    while true {
      switch server.next() {
      case .request(let request):
        if case .complete = server.readBody(of: request) {
          request.write(
            """
            Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: 335\r\n\r\n\
            {"orderId":1099511627777,"symbol":"BTC-USD","side":"buy","type":"limit",\
            "timeInForce":"GTC","status":"open","price":"70000.00","quantity":"0.00100",\
            "filledQuantity":"0.00000","remainingQuantity":"0.00100","averagePrice":null,\
            "selfTradePrevention":"cancel_taker","createdAt":1790000000000000,\
            "sequence":1,"fills":[],"note":"a constant"}
            """)
        } else {
          request.write("Status: 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n")
        }
        server.finish(request)
      case .quiet: continue
      case .drained: return
      }
    }
  }
}
