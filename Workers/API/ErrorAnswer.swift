import Wire

extension JSONOutput {
  /// `{"error":{"code","message","field"}}`.
  public mutating func error(_ error: APIError) {
    beginObject()
    errorMember(error)
    endObject()
  }

  mutating func errorMember(_ error: APIError) {
    key("error")
    beginObject()
    key("code")
    value(error.code)
    key("message")
    value(error.message)
    if let field = error.field {
      key("field")
      value(field)
    }
    endObject()
  }

  /// Call once, then `order` or `error` for each item of the batch, then `endBatch`.
  public mutating func beginBatch() {
    beginObject()
    key("results")
    beginArray()
  }

  public mutating func endBatch() {
    endArray()
    endObject()
  }

  /// What was cancelled by `DELETE /api/orders`.
  public mutating func cancelled(_ orders: Int, isDuplicate: Bool = false) {
    beginObject()
    key("cancelled")
    value(orders)
    if isDuplicate {
      key("duplicate")
      value(true)
    }
    endObject()
  }
}
