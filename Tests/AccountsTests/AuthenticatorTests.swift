import Accounts
import CAllocations
import Testing

@Suite("Who a request is from")
struct AuthenticatorTests {
  static let now: Int64 = 1_790_000_000_000_000
  let master = MasterKey(bytes: [UInt8](repeating: 7, count: 32))
  let cache = CredentialCache(capacity: 64)
  var check: Authenticator { Authenticator(master: master, cache: cache) }

  struct Headers {
    var authorization: String?
    var key: String?
    var signature: String?
    var timestamp: String?
    var idempotencyKey: String?
    var method = "POST"
    var target = "/api/orders?x=1"
    var body = "{}"
  }

  static func outcome(
    _ headers: Headers, _ check: Authenticator, now: Int64 = now
  ) -> Authenticator.Outcome {
    let parts = [
      headers.authorization, headers.key, headers.signature, headers.timestamp, headers.method,
      headers.target, headers.body, headers.idempotencyKey,
    ].map { $0.map { Array($0.utf8) } }
    var copies: [UnsafeMutableRawBufferPointer?] = []
    for part in parts {
      guard let part else {
        copies.append(nil)
        continue
      }
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(part.count, 1), alignment: 1)
      copy.copyBytes(from: part)
      copies.append(UnsafeMutableRawBufferPointer(start: copy.baseAddress, count: part.count))
    }
    defer { for copy in copies { copy?.baseAddress?.deallocate() } }
    let bytes = copies.map { $0.map { UnsafeRawBufferPointer($0) } }
    return check.check(
      RequestCredentials(
        authorization: bytes[0], apiKey: bytes[1], signature: bytes[2], timestamp: bytes[3],
        idempotencyKey: bytes[7], method: bytes[4]!, target: bytes[5]!, body: bytes[6]!),
      now: now)
  }

  static func bearer(
    _ token: String, _ check: Authenticator, now: Int64 = now
  ) -> Authenticator.Outcome {
    outcome(Headers(authorization: "Bearer \(token)"), check, now: now)
  }

  private func unknown(_ outcome: Authenticator.Outcome) -> UnknownCredential? {
    if case .unknown(let credential) = outcome { credential } else { nil }
  }

  @Test("a genuine token is asked for once, then known until it ends")
  func token() throws {
    let token = Token(master).text
    let credential = try #require(unknown(AuthenticatorTests.bearer(token, check)))
    let end = AuthenticatorTests.now + 1_000_000
    let identity = Identity(account: 5, mayTrade: true, expiresAt: end)
    cache.insert(credential.id, identity, cache.ticket())
    #expect(AuthenticatorTests.bearer(token, check) == .known(identity))
    #expect(AuthenticatorTests.bearer(token, check, now: end - 1) == .known(identity))
    #expect(unknown(AuthenticatorTests.bearer(token, check, now: end)) == credential)
  }

  @Test("what was never issued is refused without asking anybody")
  func invented() {
    let token = Token(master).text
    let other = MasterKey(bytes: [UInt8](repeating: 8, count: 32))
    let last = token.last == "A" ? "B" : "A"
    for wrong in [
      "", "x", "Bearer", String(token.dropLast()), token.dropLast() + last, token + "A",
      String(repeating: "A", count: 64), String(repeating: "\u{1}", count: 64),
      Token(other).text,
    ] {
      #expect(AuthenticatorTests.bearer(String(wrong), check) == .refused, "\(wrong)")
    }
    #expect(
      AuthenticatorTests.outcome(Headers(authorization: "Basic \(token)"), check) == .refused)
    #expect(AuthenticatorTests.outcome(Headers(authorization: "Bearer"), check) == .refused)
    #expect(AuthenticatorTests.outcome(Headers(), check) == .missing)
    #expect(AuthenticatorTests.outcome(Headers(authorization: ""), check) == .missing)
  }

  private func signed(
    _ key: APIKey, _ timestamp: String, idempotencyKey: String? = nil,
    _ change: (inout Headers) -> Void
  ) -> Authenticator.Outcome {
    var headers = Headers(key: key.key, timestamp: timestamp)
    headers.signature = Signature.make(
      secret: key.secret, timestamp: timestamp, method: headers.method, target: headers.target,
      body: Array(headers.body.utf8), idempotencyKey: idempotencyKey)
    change(&headers)
    return AuthenticatorTests.outcome(headers, check)
  }

  @Test("a signed request is taken within five seconds, and nothing in it may be changed")
  func signature() throws {
    let key = APIKey(master)
    let milliseconds = AuthenticatorTests.now / 1000
    let credential = try #require(unknown(signed(key, "\(milliseconds)") { _ in }))
    guard case .key(_, key.key) = credential else {
      Issue.record("not the key that was sent")
      return
    }
    let identity = Identity(account: 6, mayTrade: false)
    cache.insert(credential.id, identity, cache.ticket())
    for shift: Int64 in [-5000, 0, 5000] {
      #expect(signed(key, "\(milliseconds + shift)") { _ in } == .known(identity))
    }
    for shift: Int64 in [-5001, 5001, -milliseconds, milliseconds * 100] {
      #expect(signed(key, "\(milliseconds + shift)") { _ in } == .refused)
    }
    let changes: [(inout Headers) -> Void] = [
      { $0.body = "{ }" }, { $0.body = "" }, { $0.target = "/api/orders?x=2" },
      { $0.method = "GET" }, { $0.timestamp = "\(milliseconds + 1)" }, { $0.timestamp = "now" },
      { $0.timestamp = "" }, { $0.timestamp = nil }, { $0.signature = nil },
      { $0.signature = "" }, { $0.signature = String($0.signature!.dropLast()) },
      { $0.signature = "zz" + $0.signature!.dropFirst(2) }, { $0.signature! += "00" },
      { $0.key = APIKey(master).key }, { $0.key = "k" }, { $0.authorization = "Bearer x" },
      { $0.idempotencyKey = "k" }, { $0.idempotencyKey = "" },
    ]
    for change in changes { #expect(signed(key, "\(milliseconds)", change) == .refused) }
    for (other, outcome) in [("k", .known(identity)), ("j", .refused), (nil, .refused)]
      as [(String?, Authenticator.Outcome)]
    {
      #expect(
        signed(key, "\(milliseconds)", idempotencyKey: "k") { $0.idempotencyKey = other }
          == outcome)
    }
    #expect(
      signed(key, "\(milliseconds)") { $0.signature = $0.signature?.uppercased() }
        == .known(identity))
  }

  @Test("what was announced as ended is forgotten, and only that")
  func announced() throws {
    let tokens = (0..<3).map { _ in Token(master).text }
    let ids = try tokens.map {
      try #require(unknown(AuthenticatorTests.bearer($0, check))).id
    }
    func fill() {
      for (index, id) in ids.enumerated() {
        let identity = Identity(account: index < 2 ? 1 : 2, mayTrade: true)
        cache.insert(id, identity, cache.ticket())
      }
    }
    func known() -> [Bool] { ids.map { cache.find($0, now: AuthenticatorTests.now) != nil } }
    fill()
    #expect(known() == [true, true, true])
    cache.forget(announced: "token \(ids[0].hex)")
    #expect(known() == [false, true, true])
    cache.forget(announced: "account 2")
    #expect(known() == [false, true, false])
    cache.forget(announced: "key 0123")
    #expect(known() == [false, true, false])
    cache.forget(announced: "something new")
    #expect(known() == [false, false, false])
  }

  @Test("a look-up that began before an announcement is not kept")
  func ticket() throws {
    let id = try #require(unknown(AuthenticatorTests.bearer(Token(master).text, check))).id
    let ticket = cache.ticket()
    cache.forget(announced: "account 99")
    cache.insert(id, Identity(account: 1, mayTrade: true), ticket)
    #expect(cache.find(id, now: AuthenticatorTests.now) == nil)
    cache.insert(id, Identity(account: 1, mayTrade: true), cache.ticket())
    #expect(cache.find(id, now: AuthenticatorTests.now) != nil)
  }

  @Test("a full cache forgets the one that was used longest ago")
  func eviction() throws {
    let small = CredentialCache(capacity: 8)
    let check = Authenticator(master: master, cache: small)
    let ids = try (0..<9).map { _ in
      try #require(unknown(AuthenticatorTests.bearer(Token(master).text, check))).id
    }
    for id in ids.prefix(8) {
      small.insert(id, Identity(account: 1, mayTrade: true), small.ticket())
    }
    #expect(small.find(ids[0], now: 0) != nil)
    small.insert(ids[8], Identity(account: 1, mayTrade: true), small.ticket())
    #expect(small.find(ids[0], now: 0) != nil)
    #expect(small.find(ids[1], now: 0) == nil)
    #expect(small.find(ids[8], now: 0) != nil)
  }

  @Test("knowing a token or a signed request again takes no memory")
  func allocations() {
    let token = Array("Bearer \(Token(master).text)".utf8)
    let key = APIKey(master)
    let milliseconds = "\(AuthenticatorTests.now / 1000)"
    let signature = Signature.make(
      secret: key.secret, timestamp: milliseconds, method: "", target: "", body: [])
    let texts = [key.key, signature, milliseconds].map { Array($0.utf8) }
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    func count(_ request: RequestCredentials) -> UInt64 {
      if let credential = unknown(check.check(request, now: AuthenticatorTests.now)) {
        cache.insert(credential.id, Identity(account: 1, mayTrade: true), cache.ticket())
      }
      let check = check
      let before = outcry_allocations()
      for _ in 0..<1000 { _ = check.check(request, now: AuthenticatorTests.now) }
      return outcry_allocations() - before
    }
    token.withUnsafeBytes { token in
      let request = RequestCredentials(
        authorization: token, method: nothing, target: nothing, body: nothing)
      #expect(count(request) == 0)
    }
    texts[0].withUnsafeBytes { key in
      texts[1].withUnsafeBytes { signature in
        texts[2].withUnsafeBytes { timestamp in
          let request = RequestCredentials(
            authorization: nil, apiKey: key, signature: signature, timestamp: timestamp,
            method: nothing, target: nothing, body: nothing)
          #expect(count(request) == 0)
        }
      }
    }
  }
}
