extension Schema {
  /// Number 1 first. A migration that was released is never changed: add the next one.
  static let migrations = [
    symbolTables + journalTables + accountTables + snapshotTables + projectionTables + seeds,
    journalChecksum + firstAnswers,
    positionTable + earlierPositions,
    candleTable,
    moveTables,
    takerIndexes,
    shardCountTable,
  ]

  /// Times are microseconds since 1970 everywhere, as in the records.
  private static let now = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"

  private static let symbolTables = """
    create table symbols (
      id int primary key check (id between 1 and 4095),
      name text not null unique,
      base text not null,
      quote text not null,
      tick_digits smallint not null,
      tick_units bigint not null,
      lot_digits smallint not null,
      lot_units bigint not null,
      min_quantity bigint not null default 0,
      max_quantity bigint not null,
      min_notional bigint not null default 0,
      max_notional bigint not null default 0,
      max_price bigint not null,
      price_band_bps bigint not null default 0,
      slippage_bps bigint not null default 0,
      max_open_orders bigint not null default 0,
      shard int not null default 0,
      state smallint not null default 1,
      created_at bigint not null default \(now)
    );

    create function outcry_symbol_changed() returns trigger language plpgsql as $$
    begin
      perform pg_notify('outcry_symbols', new.name);
      return null;
    end $$;
    create trigger symbol_changed after insert or update on symbols
      for each row execute function outcry_symbol_changed();

    """

  /// PLAIN keeps a row's records in the row: it never has more of them than fit
  /// a page, and a detour through the TOAST table would cost four index entries a row.
  private static let journalTables = """
    create table journal (
      sequence bigint not null,
      last_sequence bigint not null,
      epoch bigint not null,
      time bigint not null,
      symbol_id int not null,
      format smallint not null,
      records bytea not null,
      primary key (symbol_id, sequence)
    );
    alter table journal alter column records set storage plain;

    """

  /// Credentials are cached by the workers; whatever makes one invalid is announced.
  private static let accountTables = """
    create table accounts (
      id bigint generated always as identity primary key,
      name text not null unique,
      password_hash text not null,
      created_at bigint not null default \(now)
    );
    create table tokens (
      hash bytea primary key,
      account bigint not null references accounts on delete cascade,
      expires_at bigint not null,
      created_at bigint not null default \(now)
    );
    create index tokens_account on tokens (account);
    create table api_keys (
      key text primary key,
      account bigint not null references accounts on delete cascade,
      permissions smallint not null,
      created_at bigint not null default \(now),
      revoked_at bigint
    );
    create index api_keys_account on api_keys (account);

    create function outcry_credential_changed() returns trigger language plpgsql as $$
    begin
      if tg_table_name = 'tokens' then
        perform pg_notify('outcry_credentials', 'token ' || encode(old.hash, 'hex'));
      elsif tg_table_name = 'api_keys' then
        perform pg_notify('outcry_credentials', 'key ' || old.key);
      else
        perform pg_notify('outcry_credentials', 'account ' || old.id);
      end if;
      return null;
    end $$;
    create trigger token_changed after update or delete on tokens
      for each row execute function outcry_credential_changed();
    create trigger api_key_changed after update or delete on api_keys
      for each row execute function outcry_credential_changed();
    create trigger account_changed after update or delete on accounts
      for each row execute function outcry_credential_changed();

    """

  /// A snapshot's bytes lie in rows of one page each, for the same reason as the journal's. Its
  /// line in `snapshots` is written last: without it the parts are leftovers.
  private static let snapshotTables = """
    create table snapshots (
      symbol_id int not null,
      sequence bigint not null,
      epoch bigint not null,
      created_at bigint not null default \(now),
      checksum bigint not null,
      format smallint not null,
      length bigint not null,
      parts int not null,
      primary key (symbol_id, sequence)
    );
    create table snapshot_parts (
      symbol_id int not null,
      sequence bigint not null,
      part int not null,
      bytes bytea not null,
      primary key (symbol_id, sequence, part)
    );
    alter table snapshot_parts alter column bytes set storage plain;

    """

  /// The index of open orders hangs on `is_open`, not on `status`: what an index mentions costs
  /// every index an entry when it changes, and `is_open` changes once in an order's life.
  private static let projectionTables = """
    create table orders (
      order_id bigint primary key,
      account bigint not null,
      price bigint not null,
      stop_price bigint not null,
      quantity bigint not null,
      quote_quantity bigint not null,
      display_quantity bigint not null,
      expires_at bigint not null,
      filled bigint not null,
      remaining bigint not null,
      filled_quote bigint not null,
      created_at bigint not null,
      updated_at bigint not null,
      created_sequence bigint not null,
      sequence bigint not null,
      symbol_id int not null,
      side smallint not null,
      type smallint not null,
      time_in_force smallint not null,
      self_trade_prevention smallint not null,
      flags smallint not null,
      status smallint not null,
      reason smallint not null,
      is_open boolean not null,
      client_order_id text
    ) with (fillfactor = 90);
    create index orders_account on orders (account, created_at);
    create index orders_open on orders (account) where is_open;
    create index orders_client on orders (account, client_order_id)
      where client_order_id is not null;

    create table trades (
      trade_id bigint not null,
      sequence bigint not null,
      time bigint not null,
      price bigint not null,
      quantity bigint not null,
      taker_order_id bigint not null,
      maker_order_id bigint not null,
      taker_account bigint not null,
      maker_account bigint not null,
      symbol_id int not null,
      taker_side smallint not null,
      primary key (symbol_id, trade_id)
    );
    create index trades_taker on trades (taker_account, time);
    create index trades_maker on trades (maker_account, time);
    create index trades_taker_order on trades (taker_order_id);
    create index trades_maker_order on trades (maker_order_id);

    create table projections (
      symbol_id int primary key,
      sequence bigint not null
    );

    """

  /// max_price x max_quantity stays below 2^63 in ticks x lots, so that no sum can overflow.
  private static let seeds = """
    insert into symbols
      (id, name, base, quote, tick_digits, tick_units, lot_digits, lot_units,
       min_quantity, max_quantity, max_price)
    values
      (1, 'BTC-USD', 'BTC', 'USD', 2, 1, 5, 1, 1, 900000000, 1000000000),
      (2, 'ETH-USD', 'ETH', 'USD', 2, 1, 5, 1, 1, 9000000000, 100000000),
      (3, 'AAPL', 'AAPL', 'USD', 2, 1, 0, 1, 1, 10000000, 100000000),
      (4, 'GOOG', 'GOOG', 'USD', 2, 1, 0, 1, 1, 10000000, 100000000),
      (5, 'MSFT', 'MSFT', 'USD', 2, 1, 0, 1, 1, 10000000, 100000000);

    """

  /// Null in the rows of format 1, which have none.
  private static let journalChecksum = """
    alter table journal add column checksum int;

    """

  /// What a repeated command is answered with when neither its order's row nor the journal tell.
  ///
  /// `answers` is made from the journal like `orders` and `trades`, but only from where a symbol's
  /// tables were when it was added; `mass_cancels` is the plan of a cancel that spans symbols.
  private static let firstAnswers = """
    create table answers (
      symbol_id int not null,
      sequence bigint not null,
      order_id bigint not null,
      price bigint not null,
      stop_price bigint not null,
      quantity bigint not null,
      filled bigint not null,
      remaining bigint not null,
      filled_quote bigint not null,
      status smallint not null,
      reason smallint not null,
      primary key (symbol_id, sequence)
    );
    alter table projections add column answers_after bigint not null default 0;
    update projections set answers_after = sequence;

    create table mass_cancels (
      account bigint not null,
      key text not null,
      symbols bigint[] not null,
      created_at bigint not null default \(now),
      primary key (account, key)
    );

    """
}
