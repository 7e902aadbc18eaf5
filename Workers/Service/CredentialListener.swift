import Accounts
import Glibc
import Postgres

/// Hears from the database which credentials have ended, and takes them out of the cache.
///
/// While the database is away nothing can be heard, but nothing can be committed either. When it
/// is back everything is forgotten, because announcements may have been missed.
enum CredentialListener {
  static func run(_ core: Core) {
    while true {
      if let error = listen(core) {
        core.errors.record("listening for ended credentials", cause: error.description)
      }
      sleep(1)
    }
  }

  /// Until the connection is lost. Apart from `run`: with one endless loop inside the other the
  /// optimizer of Swift 6.3 does not come to an end.
  @inline(never)
  private static func listen(_ core: Core) -> PostgresError? {
    let cache = core.authenticator.cache
    do throws(PostgresError) {
      let connection = try Connection(core.settings.accounts, name: "outcry-worker-listener")
      try connection.listen(to: AccountStore.channel)
      cache.forgetAll()
      while !connection.isLost {
        for announcement in try connection.notifications() {
          cache.forget(announced: announcement.payload)
        }
        var watched = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&watched, 1, -1)
      }
      return nil
    } catch {
      return error
    }
  }
}
