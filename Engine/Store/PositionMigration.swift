extension Schema {
  /// Lots, and what they cost in tick x lot: whole numbers of up to 128 bits.
  static let positionTable = """
    create table positions (
      account bigint not null,
      symbol_id int not null,
      quantity numeric not null,
      cost numeric not null,
      primary key (account, symbol_id)
    ) with (fillfactor = 70);

    """

  /// `Position.trade` once more, for the trades that are there already; some 30,000 a second.
  static let earlierPositions = """
    create function pg_temp.hold(a bigint, s int, lots numeric, price numeric) returns void
    language plpgsql as $$
    declare
      held numeric := 0;
      paid numeric := 0;
      share numeric;
      rest numeric;
    begin
      select quantity, cost into held, paid from positions where account = a and symbol_id = s;
      if not found then
        held := 0;
        paid := 0;
      end if;
      if held = 0 or sign(held) = sign(lots) then
        paid := paid + abs(lots) * price;
      elsif abs(held) > abs(lots) then
        share := div(paid * abs(lots), abs(held));
        rest := 2 * (paid * abs(lots) - share * abs(held));
        if rest > abs(held) or (rest = abs(held) and mod(share, 2) = 1) then
          share := share + 1;
        end if;
        paid := paid - share;
      else
        paid := abs(held + lots) * price;
      end if;
      insert into positions values (a, s, held + lots, paid)
        on conflict (account, symbol_id) do update set
          quantity = excluded.quantity, cost = excluded.cost;
    end $$;

    do $$
    declare t record;
    begin
      for t in
        select symbol_id, price, quantity * (3 - 2 * taker_side) as lots, taker_account,
          maker_account
        from trades where taker_account <> maker_account order by symbol_id, trade_id
      loop
        perform pg_temp.hold(t.taker_account, t.symbol_id, t.lots, t.price);
        perform pg_temp.hold(t.maker_account, t.symbol_id, -t.lots, t.price);
      end loop;
    end $$;
    drop function pg_temp.hold;

    """
}
