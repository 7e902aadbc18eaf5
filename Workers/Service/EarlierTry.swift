import API
import FastCGI

extension Request {
  /// The error as this request may be told of it.
  ///
  /// That nothing was done is known of this try only, and that a name is taken may be our own
  /// doing. A worker before, which died with the request or was too slow, may have done what was
  /// asked; nginx says so in a parameter.
  func honest(_ error: APIError) -> APIError {
    guard isDoubtful(error), wasTriedBefore, changesSomething else { return error }
    return .outcomeUnknown
  }

  private func isDoubtful(_ error: APIError) -> Bool {
    switch error.status {
    case 429, 503: true
    case 409: error.code == "name_taken" || error.code == "symbol_taken"
    default: false
    }
  }

  /// The parameter holds the statuses of the tries; those of a try that failed begin with a 5.
  private var wasTriedBefore: Bool {
    parameter("EARLIER_STATUS")?.contains(UInt8(ascii: "5")) ?? false
  }

  var changesSomething: Bool {
    parameter("REQUEST_METHOD").map { !$0.elementsEqual("GET".utf8) } ?? true
  }
}
