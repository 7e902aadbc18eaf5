import Glibc
import Settings

/// The three servers the stack runs for itself, each with nothing but what is said here.
extension Stack {
  /// fsync and synchronous_commit stay on: an answered order must survive a power cut. The rest
  /// trades memory and disk for fewer, larger writes.
  func postgres(ofShard shard: Int) -> Program {
    let data = folder.postgres(ofShard: shard)
    let options: KeyValuePairs = [
      "listen_addresses": "",
      "unix_socket_directories": folder.postgresSocketFolder(ofShard: shard),
      "unix_socket_permissions": "0700",
      "max_connections": "1000",
      "shared_buffers": "256MB",
      "wal_buffers": "16MB",
      "max_wal_size": "4GB",
      "min_wal_size": "512MB",
      "checkpoint_timeout": "15min",
      "fsync": "on",
      "synchronous_commit": "on",
      "wal_compression": "off",
      "jit": "off",
      // Files among its data, which go when it starts: what a killed one left in /dev/shm stays.
      "dynamic_shared_memory_type": "mmap",
      // After a crash: one call for the file system instead of one for each of 1,000 files.
      "recovery_init_sync_method": "syncfs",
      "log_checkpoints": "off",
      "log_line_prefix": "%m [%p] ",
    ]
    var program = Program(
      name: "postgres\(StateFolder.suffix(shard))",
      command: [tools.postgres, "-D", data]
        + options.flatMap { ["-c", "\($0.key)=\($0.value)"] })
    program.readiness = .postmaster(pidFile: "\(data)/postmaster.pid")
    program.stopSignal = SIGINT  // disconnects its clients; SIGTERM would wait for them
    program.stopSeconds = 30
    // Sessions leave by themselves when their postmaster is killed, each in a process group of its
    // own. A new one that still meets one gives up, and the next try has to wait.
    program.workplace = data
    let user = PostgresUser(for: folder, setpriv: tools.setpriv)
    program.user = user.name
    program.mayPassFolders = user.needsToPassFolders
    return program
  }

  /// Keeps nothing on disk: every key can be made again from the journal.
  var redis: Program {
    var program = Program(
      name: "redis",
      command: [
        tools.redis, "--port", "0", "--unixsocket", folder.redisSocket, "--unixsocketperm", "700",
        "--dir", folder.redis, "--save", "", "--appendonly", "no", "--daemonize", "no",
      ])
    program.readiness = .socket(path: folder.redisSocket)
    return program
  }

  var nginx: Program { nginx(configuration: nginxConfiguration) }

  func nginx(configuration: String) -> Program {
    // nginx's workers keep the user that started it: they have to reach sockets in this folder.
    let user = geteuid() == 0 ? ["-g", "user root;"] : []
    var program = Program(
      name: "nginx",
      command: [tools.nginx, "-p", folder.nginx, "-e", "stderr", "-c", configuration] + user)
    // The socket of a killed one would be in the way of the next; the supervisor removes it.
    program.readiness = .socket(path: settings.publishSocket)
    program.stopSignal = SIGQUIT  // finishes what it has begun
    // When the master is killed its workers would keep the port; on SIGQUIT they let go of it at
    // once and still finish their requests.
    program.orphanSignal = SIGQUIT
    return program
  }

  var nginxConfiguration: String { "\(folder.nginx)/nginx.conf" }
}

/// PostgreSQL refuses to run as root, so root runs it as the user its package made.
struct PostgresUser {
  var name: String?
  /// A checkout below a folder such as root's home is closed to that user. The one capability
  /// that lets it look into folders is less than opening the folder to everybody would be.
  var needsToPassFolders = false

  init(for folder: StateFolder, setpriv: String) {
    guard geteuid() == 0 else { return }
    name = "postgres"
    let look = [setpriv, "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"]
    needsToPassFolders = !Command.succeeds(look + ["test", "-x", folder.path])
  }
}
