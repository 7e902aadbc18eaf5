import Accounts
import Glibc
import Testing

@Suite("Secrets")
struct SecretsTests {
  static let cheap = Password(operations: 1, memory: 8192)

  @Test("a password is verified by what was stored, and only it")
  func password() throws {
    let stored = try SecretsTests.cheap.hash("correct horse")
    #expect(stored.hasPrefix("$argon2id$"))
    #expect(try SecretsTests.cheap.hash("correct horse") != stored)
    #expect(try SecretsTests.cheap.verify("correct horse", against: stored))
    #expect(try !SecretsTests.cheap.verify("correct horsf", against: stored))
    #expect(try !SecretsTests.cheap.verify("correct", against: stored))
    #expect(try !SecretsTests.cheap.verify("correct horse\u{0}", against: stored))
    #expect(try !SecretsTests.cheap.verify("correct horse", against: nil))
    #expect(try !SecretsTests.cheap.verify("correct horse", against: "plain text"))
  }

  @Test("a name nobody has takes about as long as a wrong password")
  func sameTime() throws {
    let password = Password(operations: 2, memory: 16 << 20)
    let stored = try password.hash("correct horse")
    // Processor time of this thread, the least of several: other processes do not count.
    func cost(_ stored: String?) throws -> Int64 {
      try (0..<5).map { _ in
        let start = processorNanoseconds()
        _ = try password.verify("wrong horse", against: stored)
        return processorNanoseconds() - start
      }.min()!
    }
    let (wrong, unknown) = (try cost(stored), try cost(nil))
    #expect(unknown > wrong / 2 && unknown < wrong * 2, "\(wrong) and \(unknown)")
  }

  private func processorNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  @Test("tokens and keys differ each time and have the documented form")
  func forms() {
    let master = MasterKey(bytes: [UInt8](repeating: 7, count: 32))
    let tokens = Set((0..<100).map { _ in Token(master).text })
    #expect(tokens.count == 100)
    #expect(tokens.allSatisfy { $0.utf8.count == Token.length && !$0.contains("=") })
    let keys = (0..<100).map { _ in APIKey(master) }
    #expect(Set(keys.map(\.key)).count == 100 && Set(keys.map(\.secret)).count == 100)
    #expect(keys.allSatisfy { $0.key.utf8.count == APIKey.length && $0.secret.utf8.count == 64 })
  }

  @Test("a signature is the plain HMAC-SHA256 that any language makes")
  func signature() {
    // RFC 4231, test case 2, cut at our part borders.
    let signature = Signature.make(
      secret: "Jefe", timestamp: "what do", method: " ya want ", target: "for ",
      body: Array("nothing?".utf8))
    #expect(
      signature == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  }
}

@Suite("The master key's file")
struct MasterKeyTests {
  /// What tells two master keys apart from outside: whether one takes the other's tokens.
  private func agree(_ left: MasterKey, _ right: MasterKey) -> Bool {
    let check = Authenticator(master: right, cache: CredentialCache(capacity: 8))
    return AuthenticatorTests.bearer(Token(left).text, check) != .refused
  }

  private func withFolder(_ body: (String) async throws -> Void) async throws {
    var name = Array("/tmp/outcry-key-XXXXXX".utf8CString)
    let folder = String(cString: mkdtemp(&name))
    defer {
      unlink("\(folder)/secret")
      rmdir(folder)
    }
    try await body(folder)
  }

  @Test("is made once, for its owner only, and then read")
  func once() async throws {
    try await withFolder { folder in
      let path = "\(folder)/secret"
      #expect(try MasterKey.load(path) == nil)
      let first = try MasterKey.loadOrCreate(path)
      let second = try MasterKey.loadOrCreate(path)
      #expect(agree(first, second))
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }
  }

  @Test("all who make it at once get the same one, and no draft stays")
  func race() async throws {
    try await withFolder { folder in
      let path = "\(folder)/secret"
      let keys = try await withThrowingTaskGroup(of: MasterKey.self) { group in
        for _ in 0..<32 { group.addTask { try MasterKey.loadOrCreate(path) } }
        return try await group.reduce(into: [MasterKey]()) { $0.append($1) }
      }
      #expect(keys.allSatisfy { agree(keys[0], $0) })
      unlink(path)
      #expect(rmdir(folder) == 0, "something is left in the folder")
      mkdir(folder, 0o700)
    }
  }

  @Test("says what is wrong with it")
  func broken() async throws {
    try await withFolder { folder in
      let path = "\(folder)/secret"
      let file = open(path, O_WRONLY | O_CREAT, 0o600)
      write(file, "abc\n", 4)
      close(file)
      #expect(throws: MasterKeyError.self) { try MasterKey.loadOrCreate(path) }
      do {
        _ = try MasterKey.loadOrCreate("\(folder)/none/secret")
        Issue.record("made a key in no folder")
      } catch let error as MasterKeyError {
        #expect(error.code == ENOENT && error.call == "open")
      }
    }
  }
}
