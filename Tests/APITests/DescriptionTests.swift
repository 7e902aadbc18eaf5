import API
import Foundation
import Testing

/// `Tests/Contract` shows that it is true; here it only has to make sense.
@Suite("The description of the API")
struct DescriptionTests {
  private let document: [String: Any]

  init() throws {
    let json = try JSONSerialization.jsonObject(with: Data(OpenAPI.document))
    document = try #require(json as? [String: Any])
  }

  private func references(in value: Any) -> [String] {
    if let object = value as? [String: Any] {
      let own = (object["$ref"] as? String).map { [$0] } ?? []
      return own + object.values.flatMap(references)
    }
    return (value as? [Any] ?? []).flatMap(references)
  }

  @Test("mentions nothing that it does not explain, and explains nothing that is not mentioned")
  func references() throws {
    let components = try #require(document["components"] as? [String: [String: Any]])
    let mentioned = Set(references(in: document))
    for reference in mentioned {
      let parts = reference.split(separator: "/").map(String.init)
      try #require(parts.count == 4, "\(reference)")
      #expect(components[parts[2]]?[parts[3]] != nil, "\(reference)")
    }
    for (kind, members) in components where kind != "securitySchemes" {
      for name in members.keys {
        #expect(mentioned.contains("#/components/\(kind)/\(name)"), "\(kind)/\(name)")
      }
    }
  }

  @Test("has every call that there is a route for, and no other")
  func routes() throws {
    let paths = try #require(document["paths"] as? [String: [String: Any]])
    let examples = [
      "{symbol}": "BTC-USD", "{orderId}": "1099511627777",
      "{key}": "00112233445566778899aabbccddeeff",
    ]
    var ids: Set<String> = []
    for (path, operations) in paths {
      let example = examples.reduce(path) { $0.replacing($1.key, with: $1.value) }
      for method in ["get", "post", "patch", "delete"] {
        let isRoute = matches(method.uppercased(), example)
        #expect(isRoute == (operations[method] != nil), "\(method) \(path)")
        guard let operation = operations[method] as? [String: Any] else { continue }
        let id = try #require(operation["operationId"] as? String)
        #expect(ids.insert(id).inserted, "\(id) is there twice")
      }
    }
  }

  /// The source says which paths there are; a new one shall not be forgotten here.
  @Test("leaves out no path that a request is matched with")
  func paths() throws {
    let paths = try #require(document["paths"] as? [String: Any]).keys
    let source = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Workers/API/Route.swift")
    let text = try String(contentsOf: source.standardized, encoding: .utf8)
    let known = text.matches(of: /path\.(equals|after)\("([^"]+)"\)/)
    #expect(known.count > 20)
    for match in known {
      let path = String(match.output.2)
      let isDescribed =
        match.output.1 == "equals"
        ? paths.contains(path) : paths.contains { $0.hasPrefix(path + "{") }
      #expect(isDescribed, "\(path)")
    }
  }

  private func matches(_ method: String, _ path: String) -> Bool {
    let route = try? Fixtures.bytes(method) { method throws(APIError) in
      try Fixtures.bytes(path) { path throws(APIError) in
        try Route.match(method: method, path: path)
      }
    }
    return route != nil
  }
}
