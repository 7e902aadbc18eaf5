import Wire

extension ProjectedOrder {
  /// The order as the client of its command was told, where neither its row nor the journal say
  /// so later: an amended order, and a stop that acted as soon as it was placed. nil for others.
  init?(answerTo command: Command, _ events: UnsafeBufferPointer<Event>) {
    guard command.kind == CommandKind.amend.rawValue || command.placesStop else { return nil }
    var answer: ProjectedOrder?
    for event in events {
      let isMaker = event.maker_order_id == command.order_id
      guard event.order_id == command.order_id || isMaker else { continue }
      switch EventKind(rawValue: event.kind) {
      case .amended: answer = ProjectedOrder(amended: event)
      case .triggered:
        if answer == nil { answer = ProjectedOrder(placedBy: command) }
        answer?.status = Status.live
      case .trade:
        answer?.fill(event, remaining: isMaker ? event.maker_remaining : event.remaining)
      case .cancelled: answer?.end(event)
      default: break
      }
    }
    guard let answer else { return nil }
    self = answer
    sequence = command.sequence
  }
}

extension Command {
  var placesStop: Bool {
    kind == CommandKind.place.rawValue
      && (type == OrderType.stop.rawValue || type == OrderType.stopLimit.rawValue)
  }
}
