import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Replacing processes of the pool", .serialized, .timeLimit(.minutes(6)))
struct ReplacementTests {
  /// A copy of the program under the same name: another file, as an update leaves it.
  private func install(_ path: String, _ content: String? = nil) throws {
    let fresh = path + ".new"
    if let content {
      try content.write(toFile: fresh, atomically: false, encoding: .utf8)
    } else {
      try FileManager.default.copyItem(atPath: Products.path(of: "outcry-worker"), toPath: fresh)
    }
    chmod(fresh, 0o755)
    rename(fresh, path)
  }

  /// Which file a process runs, or the one at a path.
  private func file(_ path: String) -> UInt64 {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
  }

  private func program(of pid: pid_t) -> UInt64 { file("/proc/\(pid)/exe") }

  @Test("SIGHUP brings a new program in, master included, without a failed request")
  func newProgram() throws {
    let folder = TemporaryFolder()
    let path = folder.file("worker")
    try install(path)
    let rig = PoolRig(workers: "3", program: path)
    let load = Load(rig)
    for round in 1...3 {
      #expect(load.more(500))
      let before = Set(rig.children)
      try install(path)
      let installed = file(path)
      rig.master.kill(SIGHUP)
      #expect(
        eventually {
          rig.children.count == 3 && before.isDisjoint(with: rig.children)
        }, "\(rig.log)")
      #expect(program(of: rig.master.pid) == installed)
      #expect(rig.children.allSatisfy { program(of: $0) == installed })
      #expect(rig.logged("rolling restart") == round)
    }
    #expect(load.finish() == [])
    #expect(rig.stop())
  }

  @Test("a new program that does not start changes nothing")
  func brokenProgram() throws {
    let folder = TemporaryFolder()
    let path = folder.file("worker")
    try install(path)
    let rig = PoolRig(workers: "2", program: path)
    let before = rig.children
    try install(path, "#!/bin/sh\nexit 3\n")
    rig.master.kill(SIGHUP)
    #expect(eventually { rig.logged("nothing was replaced") == 1 })
    // One that cannot be started at all.
    try install(path, "no program")
    rig.master.kill(SIGHUP)
    #expect(eventually { rig.logged("nothing was replaced") == 2 })
    #expect(rig.children == before)
    #expect(rig.isServing)
    try install(path)
    rig.master.kill(SIGHUP)
    #expect(eventually { Set(before).isDisjoint(with: rig.children) })
    #expect(rig.isServing)
    #expect(rig.stop())
  }

  @Test("a number asked for by hand survives a reload")
  func scaledReload() {
    let rig = PoolRig(workers: 1)
    rig.master.queue(SIGUSR1, value: 3)
    #expect(eventually { rig.children.count == 3 })
    let before = Set(rig.children)
    rig.master.kill(SIGHUP)
    #expect(eventually { rig.children.count == 3 && before.isDisjoint(with: rig.children) })
    // What was started before the new program came is still looked after.
    let victim = rig.children[0]
    kill(victim, SIGKILL)
    #expect(eventually { rig.children.count == 3 && !rig.children.contains(victim) })
    #expect(rig.stop())
  }

  @Test("a child that stands still is replaced, and nobody's request fails")
  func stuck() {
    let rig = PoolRig(workers: "2", settings: ["OUTCRY_WORKER_STUCK_SECONDS": "2"])
    let load = Load(rig)
    for round in 1...2 {
      #expect(load.more(1000))
      let victim = rig.children[0]
      kill(victim, SIGSTOP)
      #expect(
        eventually { rig.children.count == 2 && !rig.children.contains(victim) })
      #expect(rig.logged("child is stuck") == round)
    }
    #expect(load.more(1000))
    #expect(load.finish() == [])
    #expect(rig.stop())
  }

  @Test("children that stand still together with their master are not to blame")
  func pausedTogether() {
    let rig = PoolRig(workers: "2", settings: ["OUTCRY_WORKER_STUCK_SECONDS": "2"])
    let all = [rig.master.pid] + rig.children
    for pid in all { kill(pid, SIGSTOP) }
    pause(microseconds: 3_500_000)
    for pid in all { kill(pid, SIGCONT) }
    pause(microseconds: 1_500_000)
    #expect(rig.isServing)
    #expect(rig.children == Array(all.dropFirst()))
    #expect(rig.stop())
  }

  @Test("after its number of requests a child is replaced without a failed request")
  func recycling() {
    let rig = PoolRig(workers: "2", settings: ["OUTCRY_WORKER_RECYCLE": "2000"])
    let load = Load(rig)
    var seen = Set(rig.children)
    #expect(
      eventually {
        seen.formUnion(rig.children)
        return seen.count >= 6
      })
    #expect(load.finish() == [])
    #expect(rig.logged("child died") == 0)
    #expect(rig.stop())
  }

  @Test("64 children, all there is room for, are replaced one by one under load")
  func full() {
    let rig = PoolRig(workers: "64")
    let load = Load(rig, clients: 4)
    let before = Set(rig.children)
    rig.master.kill(SIGHUP)
    var most = 0
    #expect(
      eventually(within: 90) {
        let now = rig.children
        // The check of the new program is a child for a moment too.
        most = max(most, now.count)
        return now.count == 64 && before.isDisjoint(with: now)
      })
    #expect(most <= 65)
    #expect(load.finish() == [])
    #expect(rig.stop())
  }
}
