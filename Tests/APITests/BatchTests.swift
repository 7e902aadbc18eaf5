import API
import Testing
import Wire

@Suite("A batch's body")
struct BatchTests {
  static let good = Fixtures.limit([:])

  @Test("one bad order fails alone and the places stay")
  func isolation() throws {
    let bad = Fixtures.limit(["colour": "[{}]"])
    let items = try Fixtures.batch("{\"orders\":[\(BatchTests.good),\(bad),7,\(BatchTests.good)]}")
    let codes = items.map { item in
      if case .failure(let error) = item { error.code } else { "ok" }
    }
    #expect(codes == ["ok", "unknown_field", "wrong_type", "ok"])
  }

  @Test("broken JSON fails all of it")
  func broken() {
    for body in [
      "{\"orders\":[\(BatchTests.good),{]}", "{\"orders\":[\(BatchTests.good)]",
      "{\"orders\":[\(BatchTests.good),]}", "{\"orders\":[\(BatchTests.good)]} x",
    ] {
      #expect(code(of: body) == "malformed_json", "\(body)")
    }
  }

  @Test("the frame around the orders is checked too")
  func frame() {
    #expect(code(of: "{}") == "missing_field")
    #expect(code(of: "[]") == "wrong_type")
    #expect(code(of: "{\"orders\":5}") == "wrong_type")
    #expect(code(of: "{\"orders\":[]}") == "batch_size")
    #expect(code(of: "{\"order\":[1]}") == "unknown_field")
    let one = "[\(BatchTests.good)]"
    #expect(code(of: "{\"orders\":\(one),\"orders\":\(one)}") == "duplicate_field")
  }

  @Test("a thousand orders fit, one more does not")
  func size() throws {
    func body(_ count: Int) -> String {
      let orders = Array(repeating: BatchTests.good, count: count).joined(separator: ",")
      return "{\"orders\":[\(orders)]}"
    }
    #expect(try Fixtures.batch(body(1000)).count == 1000)
    #expect(code(of: body(1001)) == "batch_size")
    #expect(code(of: body(5000)) == "batch_size")
  }

  private func code(of body: String) -> String? {
    do throws(APIError) {
      _ = try Fixtures.batch(body)
      return nil
    } catch {
      return error.code
    }
  }
}
