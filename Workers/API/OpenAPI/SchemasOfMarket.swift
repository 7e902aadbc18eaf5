extension OpenAPI {
  static let operatorBodies: StaticString = #"""
    "AddSymbol": {"required": true, "content": {"application/json": {
      "schema": {"$ref": "#/components/schemas/NewSymbol"},
      "example": {"symbol": "SOL-USD", "base": "SOL", "quote": "USD", "tickSize": "0.01",
        "lotSize": "0.001"}}}},
    "ChangeLimits": {"required": true, "content": {"application/json": {
      "schema": {"$ref": "#/components/schemas/Limits"},
      "example": {"maxQuantity": "100", "priceBandBasisPoints": 500}}}}
    """#

  static let marketSchemas: StaticString = #"""
    "Symbol": {"type": "object",
      "required": ["symbol", "base", "quote", "state", "shard", "tickSize", "lotSize",
        "minQuantity", "maxQuantity", "minNotional", "maxNotional", "maxPrice",
        "priceBandBasisPoints", "slippageBasisPoints", "maxOpenOrders"],
      "properties": {
        "symbol": {"$ref": "#/components/schemas/SymbolName"},
        "base": {"type": "string"}, "quote": {"type": "string"},
        "state": {"enum": ["trading", "halted", "cancel_only", null],
          "description": "Null until its engine has started."},
        "shard": {"$ref": "#/components/schemas/Count"},
        "tickSize": {"$ref": "#/components/schemas/Decimal"},
        "lotSize": {"$ref": "#/components/schemas/Decimal"},
        "minQuantity": {"$ref": "#/components/schemas/Limit"},
        "maxQuantity": {"$ref": "#/components/schemas/Limit"},
        "minNotional": {"$ref": "#/components/schemas/Limit"},
        "maxNotional": {"$ref": "#/components/schemas/Limit"},
        "maxPrice": {"$ref": "#/components/schemas/Limit"},
        "priceBandBasisPoints": {"$ref": "#/components/schemas/Count",
          "description": "How far a limit price may lie from the last trade; 0: anywhere."},
        "slippageBasisPoints": {"$ref": "#/components/schemas/Count",
          "description": "How far a market order may trade from the best price; 0: anywhere."},
        "maxOpenOrders": {"$ref": "#/components/schemas/Count",
          "description": "An account; 0: no limit."}}},
    "Symbols": {"type": "object", "required": ["symbols"], "properties": {
      "symbols": {"type": "array", "items": {"$ref": "#/components/schemas/Symbol"}}}},
    "Level": {"type": "array", "minItems": 2, "maxItems": 2,
      "items": {"$ref": "#/components/schemas/Decimal"}, "description": "Price and quantity."},
    "Book": {"type": "object", "required": ["symbol", "sequence", "time", "bids", "asks"],
      "properties": {
        "symbol": {"$ref": "#/components/schemas/SymbolName"},
        "sequence": {"$ref": "#/components/schemas/Sequence"},
        "time": {"$ref": "#/components/schemas/Time"},
        "bids": {"type": "array", "items": {"$ref": "#/components/schemas/Level"},
          "description": "The best first."},
        "asks": {"type": "array", "items": {"$ref": "#/components/schemas/Level"},
          "description": "The best first."}}},
    "Trade": {"type": "object",
      "required": ["tradeId", "price", "quantity", "side", "time", "sequence"],
      "properties": {"tradeId": {"$ref": "#/components/schemas/Id"},
        "price": {"$ref": "#/components/schemas/Decimal"},
        "quantity": {"$ref": "#/components/schemas/Decimal"},
        "side": {"$ref": "#/components/schemas/Side", "description": "The taker's."},
        "time": {"$ref": "#/components/schemas/Time"},
        "sequence": {"$ref": "#/components/schemas/Sequence"}}},
    "Trades": {"type": "object", "required": ["symbol", "trades"], "properties": {
      "symbol": {"$ref": "#/components/schemas/SymbolName"},
      "trades": {"type": "array", "items": {"$ref": "#/components/schemas/Trade"}},
      "next": {"$ref": "#/components/schemas/Next"}}}
    """#
}
