import Foundation
import Postgres
import TestSupport
import Testing

@Suite("A worker's connections to the database", .serialized, .timeLimit(.minutes(5)))
struct ConnectionTests {
  private func connections(_ rig: ServiceRig) throws -> Int64 {
    try Connection(rig.database).query(
      """
      select count(*) from pg_stat_activity
      where datname = current_database() and application_name like 'outcry-worker%'
      """
    ).int64(0, 0)
  }

  @Test("16 processes hold at most six each when all are busy, and one each when idle")
  func bounded() throws {
    let rig = try ServiceRig(settings: [
      "OUTCRY_WORKERS": "16", "OUTCRY_DATABASE_IDLE_SECONDS": "1",
    ])
    #expect(try eventually { try connections(rig) == 16 })
    let trader = try rig.register("trader")
    let clients = try (0..<160).map { _ in try rig.connect() }
    let login = Array(#"{"name":"nobody","password":"a long password"}"#.utf8)
    var most: Int64 = 0
    for _ in 0..<3 {
      for (index, client) in clients.enumerated() {
        try client.send(
          index % 10 == 0
            ? FastCGIClient.encode("POST", "/api/login", body: login)
            : FastCGIClient.encode("GET", "/api/orders", parameters: trader))
      }
      most = max(most, try connections(rig))
      for (index, client) in clients.enumerated() {
        #expect(try client.receive().status == (index % 10 == 0 ? 401 : 200))
      }
    }
    #expect(most > 16 && most <= 16 * 6)
    #expect(try eventually { try connections(rig) == 16 })
    // And they come back when they are needed.
    #expect(try clients[1].get("/api/orders", trader).status == 200)
  }
}
