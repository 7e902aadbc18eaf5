import CShared
import Glibc
import Processes
import Settings
import SharedMemory

/// From the children that are there to those that are wanted.
extension Master {
  /// Children that do not say that they serve within this time have failed.
  private static let startNanos: Int64 = 30_000_000_000

  func takeReports(now: Int64) {
    for index in members.indices { takeReports(index, now) }
  }

  private func takeReports(_ index: Int, _ now: Int64) {
    while !members[index].isSilent {
      switch Report.receive(from: members[index].socket) {
      case .nothing: return
      case .end: members[index].isSilent = true
      case .report(let report):
        count(members[index].take(report, now: now))
        if members[index].stage == .starting { welcome(index, now) }
        let isWornOut = options.recycleAfter > 0 && report.requests >= options.recycleAfter
        if isWornOut, members[index].wave == wave, !members[index].isDraining {
          members[index].wave = wave - 1
          figures?.count(.recycled)
        }
      }
    }
  }

  private func welcome(_ index: Int, _ now: Int64) {
    members[index].stage = .serving
    let milliseconds = (now - members[index].startedAt) / 1_000_000
    log.info(
      "child serves", ["child": Int(members[index].pid), "startMilliseconds": milliseconds])
  }

  func collectDead() {
    var status: Int32 = 0
    while true {
      let pid = waitpid(-1, &status, WNOHANG)
      guard pid > 0 else { return }
      let death = Death(status: status)
      if pid == check?.pid {
        finishReload(death)
        continue
      }
      guard let index = members.firstIndex(where: { $0.pid == pid }) else { continue }
      // What it said with its last breath.
      takeReports(index, Clock.monotonicNanos())
      let member = members.remove(at: index)
      close(member.socket)
      if member.isDraining {
        log.info("child finished", ["child": Int(pid), "death": death.description])
      } else {
        mourn(member, death)
      }
    }
  }

  private func mourn(_ member: Member, _ death: Death) {
    let now = Clock.monotonicNanos()
    let lifetime = now - member.startedAt
    figures?.count(.died)
    brake.record(lifetime: member.stage == .serving ? lifetime : 0, now: now)
    log.warning(
      "child died",
      [
        "child": Int(member.pid), "death": death.description,
        "lifetimeMilliseconds": lifetime / 1_000_000,
        "wasReady": member.stage == .serving,
        "restartInMilliseconds": max(0, brake.notBefore - now) / 1_000_000,
      ])
  }

  /// Kills what does not move. Its connections break, and who asked through them asks again.
  func endStuck(_ now: Int64) {
    for index in members.indices where !members[index].isDraining {
      members[index].watch.look(now: now)
      let limit =
        members[index].stage == .starting
        ? Master.startNanos : options.stuckSeconds * 1_000_000_000
      guard members[index].watch.stillNanos >= limit else { continue }
      log.error(
        "child is stuck",
        [
          "child": Int(members[index].pid),
          "milliseconds": members[index].watch.stillNanos / 1_000_000,
        ])
      figures?.count(.stuck)
      kill(members[index].pid, SIGKILL)
      members[index].watch = Watch()
    }
  }

  func enforceDeadlines(_ now: Int64) {
    for member in members {
      if case .draining(let deadline) = member.stage, now >= deadline {
        log.warning("child did not finish in time", ["child": Int(member.pid)])
        kill(member.pid, SIGKILL)
      }
    }
    if let check, now >= check.until { kill(check.pid, SIGKILL) }
  }

  /// As many as the load wants, where the operator left that open.
  func adapt(_ now: Int64) {
    guard !allowed.isFixed, !isStopping else { return }
    let serving = members.filter { $0.stage == .serving }
    var load = Elasticity.Load()
    load.busy = serving.reduce(0) { $0 + $1.busy }
    load.serving = serving.count
    load.waiting = serving.reduce(listenQueue.waiting) { $0 + Int($1.report.queued) }
    let wanted = elasticity.wanted(load, current: target, now: now)
    if wanted > allowed.most, !isAtLimit {
      figures?.count(.limitReached)
      log.warning("more children are wanted than are allowed", ["allowed": allowed.most])
    }
    isAtLimit = wanted > allowed.most
    let fresh = min(max(wanted, allowed.least), allowed.most)
    guard fresh != target else { return }
    log.info(
      "load changes the number of children",
      ["from": target, "to": fresh, "busy": load.busy, "waiting": load.waiting])
    target = fresh
  }

  /// Moves one step towards the target number of children of the newest wave. A replacement is
  /// ready before what it replaces is told to go, so that somebody always serves; but where all
  /// places in shared memory are taken, one has to go first.
  func reconcile(_ now: Int64) {
    if isStopping {
      for index in members.indices where !members[index].isDraining { drain(index, now) }
      return
    }
    let staying = members.filter { !$0.isDraining }
    let outdated = staying.contains { $0.wave < wave }
    let wanted = outdated ? target + 1 : target
    let room = WorkerCount.largest - members.count
    if now >= brake.notBefore {
      for _ in 0..<max(0, min(wanted - staying.count, room)) { start(now) }
    }
    let isStarting = staying.contains { $0.stage == .starting }
    let isFull = room <= 0 && staying.count == members.count
    if outdated, !isStarting, staying.count > target || isFull,
      let index = members.firstIndex(where: { !$0.isDraining && $0.wave < wave })
    {
      drain(index, now)
    }
    if !outdated {
      for _ in 0..<max(0, staying.count - target) {
        guard let index = members.lastIndex(where: { !$0.isDraining }) else { break }
        drain(index, now)
      }
    }
  }

  private func start(_ now: Int64) {
    do {
      members.append(
        try Member.start(
          options.program, options.childArguments, listener: listener, wave: wave, now: now))
      figures?.count(.started)
    } catch {
      log.error("cannot start a child", ["cause": error.description])
      // Twice: what cannot be started is not tried again at once.
      brake.record(lifetime: 0, now: now)
      brake.record(lifetime: 0, now: now)
    }
  }

  private func drain(_ index: Int, _ now: Int64) {
    members[index].stage = .draining(until: now + options.drainSeconds * 1_000_000_000)
    kill(members[index].pid, SIGTERM)
  }
}
