import Settings

/// How many processes a load wants.
///
/// One process answers a request at a time but never waits for anything while it does, so what
/// counts is the share of its time in which it has work. More processes come at once when that
/// share is high or connections wait; fewer only after a while, one at a time, because a process
/// that is missing costs more than one too many.
package struct Elasticity {
  /// What a moment looks like.
  package struct Load {
    /// Sum of the busy shares of the serving processes.
    package var busy = 0.0
    package var serving = 0
    /// Connections nobody has accepted yet, and requests that wait for a thread.
    package var waiting = 0

    package init() {}
  }

  private static let crowded = 0.75
  private static let comfortable = 0.6
  private static let calm = 0.4
  private static let calmNanos: Int64 = 10_000_000_000
  private var calmSince: Int64?

  package init() {}

  /// The number for this load, not yet limited by what the operator allows.
  package mutating func wanted(_ load: Load, current: Int, now: Int64) -> Int {
    // Those that just start will take their part.
    guard load.serving >= current else {
      calmSince = nil
      return current
    }
    let isCrowded =
      load.busy > Elasticity.crowded * Double(load.serving) || load.waiting > load.serving
    if isCrowded {
      calmSince = nil
      return max(current + 1, Int((load.busy / Elasticity.comfortable).rounded(.up)))
    }
    guard load.busy < Elasticity.calm * Double(current - 1), load.waiting == 0 else {
      calmSince = nil
      return current
    }
    let since = calmSince ?? now
    guard now - since >= Elasticity.calmNanos else {
      calmSince = since
      return current
    }
    // The next one goes after a while of its own.
    calmSince = now
    return current - 1
  }
}
