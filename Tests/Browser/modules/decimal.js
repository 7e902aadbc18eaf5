const d = await import("/js/decimal.js");

for (const [given, digits, wanted] of [
  ["0.01", 2, 1n], ["70000.005", 2, null], ["70000.500", 2, 7000050n], ["5", 2, 500n],
  [".5", 1, 5n], ["5.", 0, 5n], ["", 2, null], [".", 2, null], ["1e5", 2, null], ["-1.5", 1, -15n],
  ["+1", 0, null], [" 1", 0, null], ["1,000", 0, null], ["9007199254740993", 0, 9007199254740993n],
  ["92233720368547758.07", 2, 9223372036854775807n],
]) same(d.toUnits(given, digits), wanted, `toUnits ${given}`);

for (const [units, digits, wanted] of [
  [1n, 2, "0.01"], [7000050n, 2, "70000.50"], [-5n, 2, "-0.05"], [0n, 0, "0"], [12n, 0, "12"],
  [9223372036854775807n, 5, "92233720368547.75807"],
]) same(d.fromUnits(units, digits), wanted, `fromUnits ${units}`);

same(d.digitsOf("0.00001"), 5, "digits");
same(d.digitsOf("1"), 0, "digits of a whole number");
same(d.grouped("1234567.1234"), "1,234,567.1234", "grouped");
same(d.grouped("-123456"), "-123,456", "grouped, negative");
same(d.grouped("123"), "123", "grouped, short");
same(d.trimmed("0.50000"), "0.5", "trimmed");
same(d.trimmed("100"), "100", "trimmed, whole");
same(d.trimmed("100.00"), "100", "trimmed to whole");
same(d.rounded(15n, 1, 0), 2n, "rounded up");
same(d.rounded(14n, 1, 0), 1n, "rounded down");
same(d.rounded(-15n, 1, 0), -2n, "rounded away from zero");
same(d.rounded(2n, 0, 2), 200n, "more digits");
same(d.basisPoints(1n, 3n), 3333n, "a third");
same(d.basisPoints(-1n, 8n), -1250n, "an eighth less");
same(d.basisPoints(1n, 0n), null, "of nothing");
same(d.product(7000000n, 2, 50000n, 5), { units: 350000000000n, digits: 7 }, "product");
for (const [units, digits, wanted] of [
  [123456789n, 2, "1.23M"], [12345n, 2, "123.45"], [1234567n, 2, "12.3K"], [5n, 5, "0.0001"],
  [1500000000000n, 2, "15.0B"], [0n, 5, "0.0000"],
]) same(d.compact(units, digits), wanted, `compact ${units}`);
