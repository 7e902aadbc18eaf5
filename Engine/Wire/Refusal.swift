/// Why a command was refused. The numbers are the order in which the checks are made, so the
/// lowest that applies is the answer; they are stored and sent, and never reused.
public enum Refusal: UInt8, Error, Sendable, CaseIterable {
  case malformed = 1
  case deadlinePassed
  case keyReused
  case unknownOrder
  case nothingToChange
  case halted
  case cancelOnly
  case quantityRange
  case displayQuantity
  case priceRange
  case stopPrice
  case expiryPassed
  case priceBand
  case notionalRange
  case orderLimit
  case capacity
  case wouldCross
  case notFillable
  case noLiquidity
  case selfTrade
}
