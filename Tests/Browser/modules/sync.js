const { BookSync } = await import("/js/sync.js");

const difference = (first, last, price = "1.00", quantity = String(last)) => ({
  firstSequence: first, lastSequence: last, bids: [[price, quantity]], asks: [],
});
const snapshot = (sequence) => ({ sequence, bids: [["1.00", String(sequence)]], asks: [] });

function start() {
  const world = { asked: 0, changes: 0, timers: [], answers: [] };
  world.sync = new BookSync({
    priceDigits: 2, quantityDigits: 0,
    fetchSnapshot: () => new Promise((done, fail) => {
      world.asked += 1;
      world.answers.push({ done, fail });
    }),
    changed: () => { world.changes += 1; },
    later: (task) => world.timers.push(task),
  });
  world.answer = async (value) => {
    const { done, fail } = world.answers.shift();
    if (value) done(value); else fail(new Error("away"));
    await new Promise((next) => { setTimeout(next); });
  };
  world.sees = () => [world.sync.state, world.sync.book.sequence,
    world.sync.book.bids.quantities[0] ?? null];
  return world;
}

let world = start();
same(world.sees(), ["empty", -1, null], "at first");
world.sync.connected();
world.sync.take(difference(5, 6));
world.sync.take(difference(7, 8));
same([world.asked, world.sync.state], [1, "empty"], "one question, and no book yet");
await world.answer(snapshot(6));
same(world.sees(), ["live", 8, 8n], "snapshot and what came meanwhile");
world.sync.take(difference(9, 9));
same(world.sees(), ["live", 9, 9n], "the next one");

// A hole: not applied, stale, asked again, and live when the snapshot covers it.
world.sync.take(difference(12, 12));
same([...world.sees(), world.asked], ["stale", 9, 9n, 2], "a gap");
world.sync.take(difference(13, 14));
await world.answer(snapshot(10));
same(world.sees(), ["stale", 9, 9n], "a snapshot from before the hole does not do");
world.timers.shift()();
await world.answer(snapshot(11));
same(world.sees(), ["live", 14, 14n], "one from behind it does");

// The exchange is away while the book is wanted.
world.sync.disconnected();
same(world.sync.state, "stale", "disconnected");
world.sync.connected();
await world.answer(null);
same([world.sync.state, world.timers.length], ["stale", 1], "asked again later");
world.timers.shift()();
await world.answer(snapshot(20));
same(world.sees(), ["live", 20, 20n], "back");

// Snapshots and gaps that the stream itself tells.
world.sync.take({ gap: true, firstSequence: 21, lastSequence: 25 });
same(world.sync.state, "stale", "a gap that is told");
world.sync.take({ snapshot: true, ...snapshot(26) });
same(world.sees(), ["live", 26, 26n], "and the snapshot after it");
await world.answer(snapshot(22));
same(world.sees(), ["live", 26, 26n], "an older one does not undo it");
world.sync.take({ snapshot: true, ...snapshot(23) });
same(world.sees(), ["live", 26, 26n], "nor does one in the stream");

// What was asked before the loss may be older than what was lost.
world.sync.disconnected();
world.sync.connected();
world.sync.loseTrack();
await world.answer(snapshot(30));
same([world.sync.state, world.answers.length], ["stale", 1], "asked again at once");
await world.answer(snapshot(31));
same(world.sees(), ["live", 31, 31n], "and that one is believed");

// A stream that says where it is, without content, shows what was missed.
world.sync.take({ firstSequence: 32, lastSequence: 31, bids: [], asks: [] });
same(world.sync.state, "live", "nothing missed");
world.sync.take({ firstSequence: 36, lastSequence: 35, bids: [], asks: [] });
same(world.sync.state, "stale", "something missed");
await world.answer(snapshot(35));
same(world.sees(), ["live", 35, 35n], "found again");

// Nothing happens any more to a book of a symbol that was left.
world.sync.disconnected();
world.sync.connected();
world.sync.stop();
await world.answer(snapshot(40));
same(world.sees(), ["stale", 35, 35n], "stopped");
