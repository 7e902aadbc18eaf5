import Glibc
import Processes
import Settings
import SharedMemory

/// A new program in the place of this one, without a moment in which nobody serves.
///
/// The program at the own path is asked first whether it could start: with settings that are wrong,
/// or built for another layout of shared memory, it says no and everything stays as it is. Then
/// this process becomes that program (see `Handover`), which replaces the children one by one.
extension Master {
  private static let checkNanos: Int64 = 10_000_000_000

  func beginReload() {
    guard check == nil else { return }
    var spawner = Spawner(program: options.program, arguments: options.checkArguments)
    spawner.environment = ["LISTEN_FDS": nil, "LISTEN_PID": nil]
    do throws(SystemCallError) {
      check = (try spawner.start(), Clock.monotonicNanos() + Master.checkNanos)
    } catch {
      refuse(error.description)
    }
  }

  func finishReload(_ death: Death) {
    check = nil
    guard !isStopping else { return }
    guard death == .exited(0) else { return refuse("its check \(death)") }
    var state = Handover(
      listener: listener, wave: wave + 1, target: target, allowed: allowed,
      configured: options.count)
    state.children = members.map(\.handedOver)
    log.info("rolling restart", ["wave": state.wave, "program": options.program])
    // Whoever waits for the end of this must not find the pool in order before it has begun.
    figures?[.outdated] = UInt64(members.count)
    figures?.count(.reloads)
    let failure = state.become(options.program, options.masterArguments)
    refuse(String(cString: strerror(failure)))
  }

  private func refuse(_ cause: String) {
    figures?.count(.reloadsRefused)
    log.error(
      "the new program does not start; nothing was replaced",
      ["program": options.program, "cause": cause])
  }
}
