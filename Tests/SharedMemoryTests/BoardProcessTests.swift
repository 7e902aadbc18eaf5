import Glibc
import SharedMemory
import TestSupport
import Testing

@Suite("The board between processes", .serialized)
struct BoardProcessTests {
  let stage = Stage()

  @Test("Thousands of reads beside a writer without pause find no torn board")
  func torn() throws {
    let writer = stage.probe("board-writer")
    let board = try stage.symbol().board
    #expect(eventually { board.version > 100 })
    var newest: UInt64 = 0
    for depth in (0..<20_000).map({ [1, 50, 1024][$0 % 3] }) {
      let sequence = try #require(try read(board, depth))
      #expect(sequence >= newest)
      newest = sequence
    }
    #expect(writer.isRunning)
  }

  @Test("A writer killed while it writes leaves the last complete board, and the next goes on")
  func killedWriter() throws {
    let board = try stage.symbol().board
    for _ in 0..<20 {
      let before = board.version
      let writer = stage.probe("board-writer")
      let goal = before + UInt64.random(in: 1...2000)
      #expect(eventually { board.version > goal })
      writer.kill()
      _ = writer.wait()
      #expect(try read(board, 1024) == board.version)
    }
  }

  /// The sequence of a board on which everything belongs together; nil when it does not.
  private func read(_ board: Board, _ depth: Int) throws -> UInt64? {
    var bids = [BoardLevel](repeating: BoardLevel(), count: depth)
    var asks = bids
    let read = bids.withUnsafeMutableBufferPointer { bids in
      asks.withUnsafeMutableBufferPointer { board.read(bids: bids, asks: $0, attempts: 100_000) }
    }
    guard let read, read.bids == min(depth, Int(read.summary.bid_count)), read.asks == read.bids
    else { return nil }
    let value = Int64(read.summary.sequence)
    let isTorn = (0..<read.bids).contains { index in
      bids[index].price != value + Int64(index) || bids[index].quantity != value
        || asks[index].price != value - Int64(index) || asks[index].quantity != value
    }
    return isTorn || read.summary.last_price != value ? nil : read.summary.sequence
  }
}
