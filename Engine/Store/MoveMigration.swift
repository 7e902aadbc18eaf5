extension Schema {
  /// `moves` lies in the database of the symbols and says how far each move of one to another shard
  /// is; `departures` lies in the database that a symbol has left, where no engine may go on.
  static let moveTables = """
    create function outcry_move_changed() returns trigger language plpgsql as $$
    begin
      perform pg_notify('outcry_symbols', '');
      return null;
    end $$;
    create table moves (
      symbol_id int primary key,
      source int not null,
      target int not null,
      step smallint not null default 0,
      sequence bigint,
      started_at bigint not null default (extract(epoch from clock_timestamp()) * 1000000)::bigint
    );
    create trigger move_changed after insert or update or delete on moves
      for each statement execute function outcry_move_changed();
    create table departures (
      symbol_id int primary key,
      target int not null,
      sequence bigint not null,
      left_at bigint not null default (extract(epoch from clock_timestamp()) * 1000000)::bigint
    );

    """
}
