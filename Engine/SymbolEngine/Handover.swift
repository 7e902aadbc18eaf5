import SharedMemory

/// Where the matching thread and the journal thread meet.
///
/// The matching thread fills one batch while the other is being committed. The journal thread
/// takes whatever has come together at the moment it becomes free: group commit without a timer.
final class Handover: @unchecked Sendable {
  private let monitor = Monitor()
  private var filling: Batch
  private var journalWaits = false
  private var matchingWaits = false
  private var isClosed = false

  init(filling: Batch) { self.filling = filling }

  /// For the matching thread: works on the batch that is being filled.
  func fill<Value>(_ body: (Batch) -> Value) -> Value {
    monitor.locked {
      let value = body(filling)
      if journalWaits && !filling.isEmpty { monitor.signal() }
      return value
    }
  }

  /// For the matching thread: waits until the journal thread has taken the full batch.
  func waitForRoom() {
    monitor.locked {
      matchingWaits = true
      while !filling.hasRoom && !isClosed { monitor.wait() }
      matchingWaits = false
    }
  }

  /// For the journal thread: what has come together, in exchange for an emptied batch. Nil when
  /// there is nothing: at once if it is not to wait, else when no more will come.
  func take(giving emptied: Batch, waiting: Bool) -> Batch? {
    monitor.locked {
      journalWaits = true
      while waiting && filling.isEmpty && !isClosed { monitor.wait() }
      journalWaits = false
      guard !filling.isEmpty else { return nil }
      let taken = filling
      filling = emptied
      if matchingWaits { monitor.signal() }
      return taken
    }
  }

  /// No more will be filled: the journal thread takes what is left and ends.
  func close() {
    monitor.locked {
      isClosed = true
      monitor.signal()
    }
  }
}
