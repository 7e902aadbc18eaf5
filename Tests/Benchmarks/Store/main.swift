import TestSupport

// What PostgreSQL costs: the journal by batch size, reading it back, the projection by batch size.
// A cluster of its own on this machine, through the unix socket, with fsync on.
let server = TestPostgres(settings: ["max_wal_size": "8GB", "checkpoint_timeout": "15min"])
print("journal: one symbol, one connection, fsync on")
try JournalBenchmark(server.newDatabase()).run()
print("projection: half of the orders rest, half trade with one that rested 20,000 orders before")
for batch in [16, 256, 4096, 16384] {
  try ProjectionBenchmark(server.newDatabase(), batch: batch).run()
}
print("snapshots")
try SnapshotBenchmark(server.newDatabase()).run()
print("verifying a million commands")
try VerificationBenchmark(server.newDatabase()).run()
