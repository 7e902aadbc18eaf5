extension Operation {
  static let orders: [Operation] = [
    Operation(
      method: "post", path: "/api/orders", id: "placeOrder", tag: "orders",
      summary: "Place an order.",
      description: """
        Which fields go together depends on `type`: limit orders have a `price`, stop orders a \
        `stopPrice`, `stop_limit` orders both; market orders neither, and `quantity` or \
        `quoteQuantity`. A market order never rests: the default `timeInForce` means IOC for it. A \
        market or IOC order that finds too little is answered 201 with status `cancelled` and its \
        fills; with no fill at all a market order is refused with `no_liquidity`.

        With a `clientOrderId` the call may be repeated: the same content gives the first answer \
        again, with `duplicate`, other content a 409. It goes before an `Idempotency-Key`.
        """,
      access: .trader, parameters: ["idempotencyKey"], body: "PlaceOrder", status: 201,
      answer: "Order",
      meaning: "The order as it stands after it has met the market.",
      refusals: [400, 404, 409, 413, 422, 503, 504]),
    Operation(
      method: "post", path: "/api/orders/batch", id: "placeOrders", tag: "orders",
      summary: "Place up to 1,000 orders, of any symbols.",
      description: """
        They are executed in the order given within each symbol. Each has a result of its own: one \
        that is refused does not keep the others from being placed. An `Idempotency-Key` names, \
        together with its place, each order that has no `clientOrderId`.
        """,
      access: .trader, parameters: ["idempotencyKey"], body: "PlaceOrders", answer: "Results",
      meaning: "A result an order, in the order given.", refusals: [400, 413, 503, 504]),
    Operation(
      method: "get", path: "/api/orders", id: "listOrders", tag: "orders",
      summary: "The account's orders, newest first.", access: .account,
      parameters: ["inSymbol", "status", "clientOrderId", "limit", "beforeOrder"],
      answer: "Orders", meaning: "A page of orders with their fills.",
      refusals: [400, 404, 503]),
    Operation(
      method: "delete", path: "/api/orders", id: "cancelOrders", tag: "orders",
      summary: "Cancel all open orders, or those of one symbol.",
      description: """
        Repeated with its `Idempotency-Key` it says how many it cancelled the first time, and \
        leaves alone what was placed since.
        """,
      access: .trader, parameters: ["inSymbol", "idempotencyKey"], answer: "Cancelled",
      meaning: "How many were cancelled.", refusals: [400, 404, 409, 503, 504]),
    Operation(
      method: "get", path: "/api/orders/{orderId}", id: "getOrder", tag: "orders",
      summary: "An order of the account with all its fills.", access: .account,
      parameters: ["orderId"], answer: "Order", meaning: "The order as it is now.",
      refusals: [400, 404, 503]),
    Operation(
      method: "patch", path: "/api/orders/{orderId}", id: "amendOrder", tag: "orders",
      summary: "Change price or quantity of an open order.",
      description: """
        `quantity` is the new whole, with what is filled already. Less of it keeps the order's \
        place in the queue, anything else loses it.
        """,
      access: .trader, parameters: ["orderId", "idempotencyKey"], body: "AmendOrder",
      answer: "Order", meaning: "The order after the change, with what it traded because of it.",
      refusals: [400, 404, 409, 413, 422, 503, 504]),
    Operation(
      method: "delete", path: "/api/orders/{orderId}", id: "cancelOrder", tag: "orders",
      summary: "Cancel an open order.", access: .trader,
      parameters: ["orderId", "idempotencyKey"], answer: "Order",
      meaning: "The cancelled order.", refusals: [400, 404, 409, 503, 504]),
    Operation(
      method: "get", path: "/api/fills", id: "listFills", tag: "orders",
      summary: "The account's trades, newest first.",
      description: "With `symbol`, `before` may be any `tradeId`; without, the `next` of a page.",
      access: .account, parameters: ["inSymbol", "limit", "beforeFill"], answer: "Fills",
      meaning: "A page of trades. One with itself is there twice, as taker and as maker.",
      refusals: [400, 404, 503]),
  ]
}
