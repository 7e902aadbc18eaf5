extension Operation {
  static let accounts: [Operation] = [
    Operation(
      method: "post", path: "/api/register", id: "register", tag: "accounts",
      summary: "Open an account.",
      description: "It comes with a token for 30 days and a key that may trade.",
      access: .open, body: "Register", status: 201, answer: "Registered",
      meaning: "The account with its first credentials.", refusals: [400, 409, 413, 503, 504]),
    Operation(
      method: "post", path: "/api/login", id: "login", tag: "accounts",
      summary: "Get a token for 30 days.", access: .open, body: "Login", answer: "LoggedIn",
      meaning: "A further token; earlier ones still hold.", refusals: [400, 401, 413, 503, 504]),
    Operation(
      method: "post", path: "/api/logout", id: "logout", tag: "accounts",
      summary: "End the token that the request comes with.", access: .account, status: 204,
      meaning: "It has ended.", refusals: [400, 503, 504]),
    Operation(
      method: "get", path: "/api/account", id: "getAccount", tag: "accounts",
      summary: "Name, limits, open orders and positions.",
      description: """
        A position's `averagePrice` is that of what is held: adding to it moves the average, \
        closing a part leaves it, and turning it around begins anew.
        """,
      access: .account, answer: "Account", meaning: "The account as it is now.",
      refusals: [400, 503]),
    Operation(
      method: "get", path: "/api/keys", id: "listKeys", tag: "accounts",
      summary: "The keys that hold, oldest first, without their secrets.", access: .account,
      answer: "Keys", meaning: "At most 100.", refusals: [400, 503]),
    Operation(
      method: "post", path: "/api/keys", id: "createKey", tag: "accounts",
      summary: "Make a further key.",
      description: "Keys are made and ended with a token only.", access: .token,
      body: "CreateKey", status: 201, answer: "IssuedKey",
      meaning: "The key with its secret, which is shown this once.",
      refusals: [400, 413, 422, 503, 504]),
    Operation(
      method: "delete", path: "/api/keys/{key}", id: "deleteKey", tag: "accounts",
      summary: "End a key.", access: .token, parameters: ["key"], status: 204,
      meaning: "It has ended.", refusals: [400, 404, 503, 504]),
  ]
}
