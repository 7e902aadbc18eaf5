import Accounts
import Foundation
import TestSupport

/// Somebody who signs requests with a key.
struct SignedClient: Sendable {
  let http: HTTPClient
  let key: String
  let secret: String

  init?(_ answer: Client.Answer, of exchange: Exchange) {
    guard let key = answer["apiKey"] as? String, let secret = answer["apiSecret"] as? String
    else { return nil }
    http = HTTPClient(port: exchange.port)
    self.key = key
    self.secret = secret
  }

  /// What a signed request carries; `shift` puts its time stamp off by so many milliseconds.
  func headers(
    _ method: String, _ target: String, _ body: String = "", shift: Int64 = 0
  ) -> [String: String] {
    let time = Int64(Date().timeIntervalSince1970 * 1000) + shift
    let signature = Signature.make(
      secret: secret, timestamp: "\(time)", method: method, target: target,
      body: Array(body.utf8))
    return ["X-API-Key": key, "X-Timestamp": "\(time)", "X-Signature": signature]
  }

  func send(
    _ method: String, _ target: String, _ body: String = "", headers: [String: String]
  ) -> Client.Answer {
    let answer = http.send(
      method, target, headers: headers, body: body.isEmpty ? nil : Array(body.utf8))
    let json = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8))
    return Client.Answer(
      status: answer.status, json: json as? [String: Any] ?? [:], raw: answer)
  }

  func call(_ method: String, _ target: String, _ body: String = "", shift: Int64 = 0)
    -> Client.Answer
  {
    send(method, target, body, headers: headers(method, target, body, shift: shift))
  }
}

/// The operator, with the key that `outcry up` made.
struct Administrator: Sendable {
  let http: HTTPClient
  let key: String

  init(of exchange: Exchange) throws {
    http = HTTPClient(port: exchange.port)
    let text = try String(contentsOfFile: exchange.state + "/admin-key", encoding: .utf8)
    key = text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func call(
    _ method: String, _ path: String, _ body: String = "", key: String? = nil
  ) -> Client.Answer {
    let answer = http.send(
      method, path, headers: ["X-Admin-Key": key ?? self.key],
      body: body.isEmpty ? nil : Array(body.utf8))
    let json = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8))
    return Client.Answer(
      status: answer.status, json: json as? [String: Any] ?? [:], raw: answer)
  }
}
