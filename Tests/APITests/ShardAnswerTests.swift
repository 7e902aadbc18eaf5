import API
import Testing

@Suite("Answers of several shards")
struct ShardAnswerTests {
  private func answer(_ text: String) throws -> ShardAnswer {
    try #require(ShardAnswer(Array(text.utf8)))
  }

  @Test("an answer is taken apart without being changed")
  func parts() throws {
    let found = try answer(
      #"{"orders":[{"a":"x,y]}"},{"b":[1,{"c":2}]},"\\\"",3],"next":12,"place":-5,"ok":true}"#)
    let rows = try #require(found.list("orders"))
    #expect(
      rows.map { String(decoding: $0, as: UTF8.self) }
        == [#"{"a":"x,y]}"}"#, #"{"b":[1,{"c":2}]}"#, #""\\\"""#, "3"])
    #expect(found.number("next") == 12)
    #expect(found.number("place") == -5)
    #expect(found.isTrue("ok"))
    #expect(!found.isTrue("next"))
    #expect(found.list("next") == nil)
    #expect(found.number("orders") == nil)
    #expect(try answer("{}").list("orders") == nil)
    #expect(try answer(#"{"orders":[]}"#).list("orders")?.isEmpty == true)
    let error = try answer(#"{"error":{"code":"busy","message":"m"}}"#).object("error")
    #expect(error?.text("code") == "busy")
  }

  @Test("what is no answer of ours is none, and breaks nothing")
  func broken() {
    for text in ["", "{", "}", "[]", "x", #"{"a"}"#, #"{"a":}"#, #"{a:1}"#, #"{"a":1"#, "{]}"] {
      let found = ShardAnswer(Array(text.utf8))
      #expect(found == nil || found?.list("a") == nil, "\(text)")
    }
  }

  @Test("pages are the newest of all, and the two rows of a trade with oneself stay together")
  func merge() throws {
    func fill(_ time: Int, _ symbol: String, _ trade: Int, _ side: String) throws
      -> ShardLists.Row
    {
      let text = #"{"tradeId":\#(trade),"symbol":"\#(symbol)","side":"\#(side)","time":\#(time)}"#
      return try #require(
        ShardLists.Row(fill: Array(text.utf8)[...], symbol: { $0 == "A" ? 1 : 2 }))
    }
    let rows = [
      try fill(9, "A", 4, "buy"), try fill(9, "A", 4, "sell"), try fill(5, "A", 3, "buy"),
      try fill(9, "B", 1, "buy"), try fill(7, "B", 0, "buy"),
    ]
    func texts(_ limit: Int) -> [String] {
      ShardLists.newest(rows, limit: limit).rows.map {
        "\($0.place.time)\($0.place.symbol)"
          + (String(decoding: $0.text, as: UTF8.self).contains("buy") ? "b" : "s")
      }
    }
    #expect(texts(1) == ["92b"])
    #expect(texts(2) == ["92b", "91b", "91s"])
    #expect(texts(9) == ["92b", "91b", "91s", "72b", "51b"])
    #expect(ShardLists.newest(rows, limit: 4).isFull)
    #expect(!ShardLists.newest(rows, limit: 5).isFull)
  }
}
