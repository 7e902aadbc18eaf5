import Wire

/// What an account's trades in one symbol leave it with.
///
/// Integers only, and of 128 bits: no number of trades that an exchange can make overflows them. A
/// trade that adds to the position adds what it costs; one that closes a part of it takes the same
/// part of the cost away, so that the average price stays what it was; one that turns it around
/// begins anew at its own price. The part is rounded to whole units, a tie to the even one.
public struct Position: Hashable, Sendable {
  /// Lots: above zero bought, below zero sold.
  public private(set) var quantity: Int128
  /// What they cost, in tick x lot; never negative.
  public private(set) var cost: Int128

  public init(quantity: Int128 = 0, cost: Int128 = 0) {
    self.quantity = quantity
    self.cost = cost
  }

  public mutating func trade(_ side: Side, _ lots: Int64, at price: Int64) {
    let signed = side == .buy ? Int128(lots) : -Int128(lots)
    if quantity == 0 || (quantity > 0) == (signed > 0) {
      quantity += signed
      cost += Int128(price) * Int128(lots)
    } else if quantity.magnitude > signed.magnitude {
      cost -= Int128(share(of: signed.magnitude))
      quantity += signed
    } else {
      quantity += signed
      cost = Int128(price) * Int128(quantity.magnitude)
    }
  }

  /// The part of the cost that belongs to so many of the lots held.
  private func share(of lots: UInt128) -> UInt128 {
    let whole = quantity.magnitude
    let product = cost.magnitude.multipliedFullWidth(by: lots)
    let (quotient, remainder) = whole.dividingFullWidth(product)
    // Not twice the remainder, which could overflow.
    let rest = whole - remainder
    let isUp = remainder > rest || (remainder == rest && quotient % 2 == 1)
    return isUp ? quotient + 1 : quotient
  }
}
