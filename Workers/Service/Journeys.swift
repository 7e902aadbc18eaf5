import API
import FastCGI
import SharedMemory

/// What is known of a request besides its content: when it was where, and what it is part of.
struct Journey {
  /// CLOCK_MONOTONIC nanoseconds; 0: it did not come there.
  var startedAt: Int64 = 0
  var pushedAt: Int64 = 0
  var takenAt: Int64 = 0
  var repliedAt: Int64 = 0
  var route = RouteName.unknown
  /// Of commands for one symbol; 0: of none or of several.
  var symbol: UInt32 = 0
  var trace = TraceContext()

  mutating func notePush(to symbol: UInt32, at now: Int64) {
    self.symbol = pushedAt == 0 ? symbol : 0
    pushedAt = now
  }
}

/// The journeys of the requests under way, by the number of the request's object. Each belongs to
/// whoever has the request.
final class Journeys: @unchecked Sendable {
  private let journeys: UnsafeMutableBufferPointer<Journey>

  init(capacity: Int) {
    journeys = .allocate(capacity: capacity)
    journeys.initialize(repeating: Journey())
  }

  deinit { journeys.deallocate() }

  subscript(request: Request) -> Journey {
    get { journeys[request.index] }
    _modify { yield &journeys[request.index] }
  }

  /// A request has come. A client that names no trace costs nothing more.
  func begin(_ request: Request, at now: Int64) {
    var journey = Journey()
    journey.startedAt = now
    if let header = request.parameter("HTTP_TRACEPARENT"), !header.isEmpty {
      journey.trace = TraceContext(header: header, requestID: request.parameter("REQUEST_ID"))
    }
    journeys[request.index] = journey
  }
}
