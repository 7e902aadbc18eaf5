import CPostgres
import Glibc

/// One session with PostgreSQL, used by one thread at a time. All calls block until the server
/// answered, except the `send…` calls of the pipeline.
public final class Connection {
  let handle: OpaquePointer
  /// Statements of this session that were parsed already, by their text.
  private var prepared: [String: String] = [:]

  /// Connects with a libpq connection string: unix socket or TCP, password and TLS as libpq
  /// reads them. What the string does not say is filled in so that a vanished server is noticed
  /// within half a minute.
  public init(_ settings: String, name: String = "outcry") throws(PostgresError) {
    // libpq lets `dbname` be a whole connection string, which overrides what stands before it.
    let options = [
      ("connect_timeout", "5"), ("keepalives_idle", "10"), ("keepalives_interval", "5"),
      ("keepalives_count", "3"), ("tcp_user_timeout", "25000"), ("client_encoding", "UTF8"),
      ("fallback_application_name", name), ("dbname", settings),
    ]
    var keywords = options.map { UnsafePointer<CChar>?(strdup($0.0)) }
    var values = options.map { UnsafePointer<CChar>?(strdup($0.1)) }
    keywords.append(nil)
    values.append(nil)
    defer { for pointer in keywords + values { free(UnsafeMutablePointer(mutating: pointer)) } }
    guard let handle = PQconnectdbParams(keywords, values, 1) else {
      preconditionFailure("out of memory")
    }
    guard PQstatus(handle) == CONNECTION_OK else {
      let message = PostgresError.trimmed(PQerrorMessage(handle))
      PQfinish(handle)
      throw PostgresError(state: "", message: message, call: "connect", connectionLost: true)
    }
    // "relation already exists, skipping" is no news to anybody.
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    self.handle = handle
  }

  deinit { PQfinish(handle) }

  public var isLost: Bool { PQstatus(handle) == CONNECTION_BAD }

  /// For `poll` and `epoll`; it changes when the connection is lost.
  public var descriptor: Int32 { PQsocket(handle) }

  /// The process id of the server's end, as `pg_terminate_backend` takes it.
  public var backendID: Int32 { PQbackendPID(handle) }

  /// Runs one or several statements without parameters and drops what they return.
  public func run(_ sql: String) throws(PostgresError) {
    _ = try checked(PQexec(handle, sql), "run")
  }

  /// Runs one statement; parameters and results travel in binary form.
  public func query(_ sql: String, _ values: Value...) throws(PostgresError) -> Rows {
    let parameters = Parameters(capacity: 256)
    for value in values { parameters.add(value) }
    return try query(sql, parameters)
  }

  public func query(_ sql: String, _ parameters: Parameters) throws(PostgresError) -> Rows {
    let result = parameters.withArrays { types, values, lengths, formats in
      PQexecParams(
        handle, sql, Int32(parameters.count), types, values, lengths, formats, 1)
    }
    return try checked(result, "query")
  }

  /// The same for a statement that comes again and again: its text is parsed only the first time.
  /// Texts must be few, for they are kept as long as the session.
  public func queryPrepared(_ sql: String, _ parameters: Parameters) throws(PostgresError) -> Rows {
    if let name = prepared[sql] { return try execute(name, parameters) }
    let name = "query \(prepared.count)"
    let result = PQprepare(
      handle, name, sql, Int32(parameters.count), parameters.types)
    _ = try checked(result, "prepare")
    prepared[sql] = name
    return try execute(name, parameters)
  }

  public func queryPrepared(_ sql: String, _ values: Value...) throws(PostgresError) -> Rows {
    let parameters = Parameters(capacity: 256)
    for value in values { parameters.add(value) }
    return try queryPrepared(sql, parameters)
  }

  /// Parses a statement once for this session.
  public func prepare(_ name: String, _ sql: String, _ types: [ParameterType])
    throws(PostgresError)
  {
    _ = try checked(PQprepare(handle, name, sql, Int32(types.count), types.map(\.oid)), "prepare")
  }

  /// Runs a prepared statement.
  public func execute(_ name: String, _ parameters: Parameters) throws(PostgresError) -> Rows {
    let result = parameters.withArrays { _, values, lengths, formats in
      PQexecPrepared(handle, name, Int32(parameters.count), values, lengths, formats, 1)
    }
    return try checked(result, "execute")
  }

  /// Runs the body between BEGIN and COMMIT; an error rolls back and goes on to the caller.
  public func transaction<Outcome>(
    _ body: () throws(PostgresError) -> Outcome
  ) throws(PostgresError) -> Outcome {
    try run("begin")
    do {
      let outcome = try body()
      try run("commit")
      return outcome
    } catch {
      // The first error is the one to tell; on a lost connection there is nothing to roll back.
      try? run("rollback")
      throw error
    }
  }

  /// Takes ownership of the result.
  func checked(_ result: OpaquePointer?, _ call: String) throws(PostgresError) -> Rows {
    guard let result else { throw PostgresError(connection: handle, call: call) }
    let rows = Rows(result)
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE, PGRES_COPY_IN, PGRES_COPY_OUT,
      PGRES_EMPTY_QUERY:
      return rows
    default:
      throw PostgresError(result: result, connection: handle, call: call)
    }
  }
}
