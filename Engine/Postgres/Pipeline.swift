import CPostgres

/// Several statements on their way at once. The statements between two synchronisations are one
/// transaction: PostgreSQL commits it when it reads the synchronisation, or undoes all of it.
extension Connection {
  public func enterPipeline() throws(PostgresError) {
    guard PQenterPipelineMode(handle) == 1 else {
      throw PostgresError(connection: handle, call: "enterPipeline")
    }
  }

  public func leavePipeline() throws(PostgresError) {
    guard PQexitPipelineMode(handle) == 1 else {
      throw PostgresError(connection: handle, call: "leavePipeline")
    }
  }

  /// Queues a prepared statement; its parameters are copied.
  public func sendPipeline(_ name: String, _ parameters: Parameters) throws(PostgresError) {
    let sent = parameters.withArrays { _, values, lengths, formats in
      PQsendQueryPrepared(handle, name, Int32(parameters.count), values, lengths, formats, 1)
    }
    guard sent == 1 else { throw PostgresError(connection: handle, call: "sendPipeline") }
  }

  /// Ends the transaction and hands everything to the network. From here on only the results, or
  /// the tables themselves, tell whether it was committed.
  public func sendPipelineEnd() throws(PostgresError) {
    guard PQpipelineSync(handle) == 1 else {
      throw PostgresError(connection: handle, call: "sendPipelineEnd")
    }
  }

  /// Waits for everything up to the end of the transaction. Returning means it is committed; a
  /// thrown error that does not say `connectionLost` means that nothing of it was.
  public func awaitResults() throws(PostgresError) {
    var failure: PostgresError?
    var silence = 0
    while true {
      guard let result = PQgetResult(handle) else {
        // Nothing stands between two statements; twice nothing is the end of all news.
        silence += 1
        if silence < 2 && PQstatus(handle) != CONNECTION_BAD { continue }
        throw failure
          ?? PostgresError(
            state: "", message: PostgresError.trimmed(PQerrorMessage(handle)),
            call: "awaitResults", connectionLost: true)
      }
      silence = 0
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_PIPELINE_SYNC:
        if let failure { throw failure }
        return
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_PIPELINE_ABORTED: break
      default:
        let error = PostgresError(result: result, connection: handle, call: "awaitResults")
        if failure == nil || error.connectionLost { failure = error }
      }
    }
  }
}
