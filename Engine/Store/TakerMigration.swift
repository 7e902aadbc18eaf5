extension Schema {
  /// Nearly every trade's taker had just been placed: its trades are found by its account and the
  /// time, which are in an index anyway. An index by taker is left for what an order took later,
  /// amended or triggered, so that most trades cost one index entry less.
  static let takerIndexes = """
    drop index trades_taker;
    create index trades_taker on trades (taker_account, time, taker_order_id);
    drop index trades_taker_order;
    create index trades_taker_later on trades (taker_order_id)
      where sequence <> (taker_order_id & 1099511627775);

    """
}
