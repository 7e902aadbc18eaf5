import Relay
import Settings
import SharedMemory

/// Shows the feed's figures where those of everybody are. A feed beside an nginx of its own, away
/// from the engines, shows them to nobody.
final class FeedReport {
  private let exchange: ExchangeSegment
  private let score: Score?
  private let usage: ProcessUsage
  private var told = RelayFigures()

  init?(instance: String, log: Log) {
    do {
      exchange = try ExchangeSegment.openOrCreate(Instance(name: instance))
      score = try exchange.claimScore(.feed)
    } catch {
      log.warning("no figures", ["error": "\(error)"])
      return nil
    }
    usage = ProcessUsage(exchange, role: .feed, score: score)
    score?.set(.working)
  }

  func publish(_ figures: RelayFigures) {
    exchange.addToFeed(.messages, figures.messages - told.messages)
    exchange.addToFeed(.refused, figures.refused - told.refused)
    exchange.addToFeed(.gaps, figures.gaps - told.gaps)
    told = figures
    score?.set(counter: FeedGauge.redisIsUp, to: figures.redisIsUp ? 1 : 0)
    score?.set(counter: FeedGauge.nginxIsUp, to: figures.nginxIsUp ? 1 : 0)
    score?.set(counter: FeedGauge.subscriptions, to: UInt64(max(0, figures.subscriptions)))
    score?.beat()
    usage.publish()
  }
}
