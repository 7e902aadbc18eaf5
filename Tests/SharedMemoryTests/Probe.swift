import Glibc
import SharedMemory
import TestSupport
import Testing

/// Processes around one scratch instance, and the file to which its engines commit.
final class Stage {
  let scratch = Scratch()
  let folder = TemporaryFolder("shared-memory")
  var instance: Instance { scratch.instance }
  var journalPath: String { folder.file("journal") }

  func probe(_ role: String, _ arguments: String...) -> ChildProcess {
    ChildProcess(
      Products.path(of: "shared-memory-probe"),
      [role, "instance=\(instance.name)"] + arguments)
  }

  func engine(_ arguments: String...) -> ChildProcess {
    ChildProcess(
      Products.path(of: "shared-memory-probe"),
      ["engine", "instance=\(instance.name)", "journal=\(journalPath)"] + arguments)
  }

  func symbol() throws -> SymbolSegment {
    try SymbolSegment.openOrCreate(instance, symbolName: "PROBE", id: 1)
  }

  /// A random moment: until so many more commands are committed, or there is no reason to wait.
  func waitForGrowth(ofAtMost limit: Int, unless isOver: () -> Bool) {
    let goal = committedCount() + Int.random(in: 0...limit)
    #expect(eventually { committedCount() >= goal || isOver() })
  }

  private func committedCount() -> Int {
    var status = stat()
    return stat(journalPath, &status) == 0 ? Int(status.st_size) / 16 : 0
  }

  /// The numbers that engines committed, in order, for each account.
  func journal() -> [UInt64: [UInt64]] {
    var numbers: [UInt64: [UInt64]] = [:]
    let descriptor = open(journalPath, O_RDONLY)
    guard descriptor >= 0 else { return [:] }
    defer { close(descriptor) }
    var chunk = [UInt64](repeating: 0, count: 131_072)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress!, $0.count) }
      if count <= 0 { return numbers }
      for index in stride(from: 0, to: count / 8, by: 2) {
        numbers[chunk[index], default: []].append(chunk[index + 1])
      }
    }
  }
}

extension ChildProcess {
  func says(_ text: String, within seconds: Double = 20) -> Bool {
    eventually(within: seconds) { output.contains(text) || !isRunning } && output.contains(text)
  }
}

/// Each number once, none missing, in order.
func isWhole(_ numbers: [UInt64]?, _ count: Int) -> Bool {
  guard let numbers, numbers.count == count else { return false }
  return !zip(numbers, 0..<UInt64(count)).contains { $0 != $1 }
}
