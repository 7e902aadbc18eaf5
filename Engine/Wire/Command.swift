@_exported import CShared

/// One thing asked of a symbol's engine; the layout is drawn in `CShared/include/layouts.h`.
public typealias Command = outcry_command

public enum CommandKind: UInt8, Sendable, CaseIterable {
  case place = 1
  case cancel
  case amend
  /// Cancels every open order of one account.
  case cancelAccount
  /// Cancels every open order of the symbol.
  case cancelSymbol
  case halt
  case resume
  case cancelOnly
  /// Replaces the symbol's rules, which travel in place of the terms.
  case configure
  /// Sets the reference price (`terms.price`) of the price band.
  case setReference
  /// Ends every order whose time is up at the command's time.
  case expire
  /// An engine took the symbol over; `origin` is its epoch.
  case epoch
}

public enum Side: UInt8, Sendable, CaseIterable {
  case buy = 1
  case sell

  @inlinable
  public var opposite: Side { self == .buy ? .sell : .buy }
}

public enum OrderType: UInt8, Sendable, CaseIterable {
  case limit = 1
  case market
  case stop
  case stopLimit
}

public enum TimeInForce: UInt8, Sendable, CaseIterable {
  case goodTillCancelled = 1
  case immediateOrCancel
  case fillOrKill
  case goodTillDate
}

public enum SelfTradePrevention: UInt8, Sendable, CaseIterable {
  case cancelTaker = 1
  case cancelMaker
  case cancelBoth
  case none
}

public struct OrderFlags: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let postOnly = OrderFlags(rawValue: 1)
  /// The key is the client's own `clientOrderId` and is shown to it.
  public static let clientKey = OrderFlags(rawValue: 2)
  /// One symbol's part of a cancel of everything: not the same call as a cancel in this symbol.
  public static let everySymbol = OrderFlags(rawValue: 4)
}

extension Command {
  public static let currentVersion = UInt16(OUTCRY_COMMAND_VERSION)
  public static let keyCapacity = Int(OUTCRY_KEY_CAPACITY)

  /// A command of the current version with every optional field empty.
  public init(_ kind: CommandKind, account: UInt64 = 0) {
    self.init()
    version = Command.currentVersion
    self.kind = kind.rawValue
    self.account = account
  }

  /// `terms` read as rules, for `configure`.
  public var rules: Rules {
    get { withUnsafeBytes(of: terms) { $0.loadUnaligned(as: Rules.self) } }
    set { terms = withUnsafeBytes(of: newValue) { $0.loadUnaligned(as: outcry_terms.self) } }
  }

  /// The idempotency key; what is longer than the record holds is a programmer's error.
  public mutating func setKey(_ bytes: some Collection<UInt8>) {
    Array(bytes).withUnsafeBytes { setKey($0) }
  }

  /// The same for bytes in place: each order has a key, and a generic copy from another module
  /// looks up types at run time.
  public mutating func setKey(_ bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count <= Command.keyCapacity, "key too long")
    key_length = UInt8(bytes.count)
    withUnsafeMutableBytes(of: &key) { stored in
      stored.initializeMemory(as: UInt8.self, repeating: 0)
      stored.copyMemory(from: bytes)
    }
  }

  public func withKey<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
    try withUnsafeBytes(of: key) { stored in
      try body(UnsafeRawBufferPointer(rebasing: stored[..<min(Int(key_length), stored.count)]))
    }
  }
}
