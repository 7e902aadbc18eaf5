# Lines in: alone|idle, requests/s, p50, p90, p99, max (microseconds), refused, broken. Out: a table
# of the rounds, and the ratio of the medians of p99.

function median(what, column,    i, j, value, sorted, n) {
  n = rounds[what]
  for (i = 1; i <= n; i++) {
    value = cell[what, i, column]
    for (j = i - 1; j >= 1 && sorted[j] > value; j--) sorted[j + 1] = sorted[j]
    sorted[j + 1] = value
  }
  return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

BEGIN { printf "%-10s %9s %8s %8s %8s %8s\n", "", "req/s", "p50 ms", "p90 ms", "p99 ms", "max ms" }

{
  rounds[$1]++
  for (i = 2; i <= 8; i++) cell[$1, rounds[$1], i] = $i
  failed += $7 + $8
  printf "%-10s %9d %8.2f %8.2f %8.2f %8.2f\n", $1 " " rounds[$1], $2, $3 / 1000, $4 / 1000,
    $5 / 1000, $6 / 1000
  fflush()
}

END {
  if (!rounds["idle"]) exit 1
  ratio = median("idle", 5) / median("alone", 5)
  printf "\np99 %.2f ms alone, %.2f ms beside the idle ones: %.2f times; failed %d\n",
    median("alone", 5) / 1000, median("idle", 5) / 1000, ratio, failed
  printf "{\"p99\":%d,\"p99BesideIdle\":%d,\"ratio\":%.3f,\"failed\":%d}\n", median("alone", 5),
    median("idle", 5), ratio, failed >file
  if (failed || ratio > 1.5) exit 1
}
