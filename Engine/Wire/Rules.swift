@_exported import CShared

/// The limits of a symbol, in its own ticks and lots; zero means "no limit".
public typealias Rules = outcry_rules

/// What an order asks for, in ticks and lots; zero means "not given".
public typealias Terms = outcry_terms
