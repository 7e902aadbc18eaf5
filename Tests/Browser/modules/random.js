const { Book } = await import("/js/book.js");

// Park and Miller's generator, so that a failure can be repeated.
let seed = 20;
const random = (below) => {
  seed = seed * 48271 % 2147483647;
  return seed % below;
};
const decimal = (units) => `${Math.floor(units / 100)}.${String(units % 100).padStart(2, "0")}`;

const tables = { bids: new Map(), asks: new Map() };
const book = new Book(2, 0);
book.load({ sequence: 0, bids: [], asks: [] }, 1000);
for (let sequence = 1; sequence <= 10000; sequence += 1) {
  const changes = { bids: [], asks: [] };
  for (let count = random(4); count >= 0; count -= 1) {
    const name = random(2) ? "bids" : "asks";
    const price = name === "bids" ? 100 + random(300) : 400 + random(300);
    const quantity = random(3) === 0 ? 0 : 1 + random(50);
    changes[name].push([decimal(price), String(quantity)]);
    if (quantity === 0) tables[name].delete(price);
    else tables[name].set(price, quantity);
  }
  book.apply({ firstSequence: sequence, lastSequence: sequence, ...changes });
  if (sequence % 500 !== 0) continue;
  for (const [name, sign] of [["bids", -1], ["asks", 1]]) {
    const wanted = [...tables[name]].sort(([a], [b]) => sign * (a - b));
    same([book[name].prices, book[name].quantities],
      [wanted.map(([price]) => BigInt(price)), wanted.map(([, quantity]) => BigInt(quantity))],
      `${name} at ${sequence}`);
  }
}
