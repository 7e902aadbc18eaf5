extension Schema {
  /// Candles are kept by the same transactions as trades. What was traded before is made up for
  /// here: seconds from the trades, everything longer from the seconds.
  package static let candleTable = """
    create table candles (
      start bigint not null,
      open bigint not null,
      high bigint not null,
      low bigint not null,
      close bigint not null,
      volume bigint not null,
      trades bigint not null,
      symbol_id int not null,
      seconds int not null,
      primary key (symbol_id, seconds, start)
    ) with (fillfactor = 80);

    insert into candles (symbol_id, seconds, start, open, high, low, close, volume, trades)
    select symbol_id, 1, start, (array_agg(price order by trade_id))[1], max(price), min(price),
      (array_agg(price order by trade_id desc))[1],
      least(sum(quantity), 9223372036854775807)::bigint, count(*)
    from (select *, time - time % 1000000 as start from trades) as t
    group by symbol_id, start;

    insert into candles (symbol_id, seconds, start, open, high, low, close, volume, trades)
    select c.symbol_id, i.seconds, c.start - c.start % (i.seconds * 1000000::bigint),
      (array_agg(c.open order by c.start))[1], max(c.high), min(c.low),
      (array_agg(c.close order by c.start desc))[1],
      least(sum(c.volume), 9223372036854775807)::bigint, sum(c.trades)::bigint
    from candles as c, (values (60), (300), (900), (3600), (86400)) as i (seconds)
    where c.seconds = 1 group by 1, 2, 3;

    """
}
