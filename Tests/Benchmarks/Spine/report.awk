# Lines in: echo, orders, heard or a variant's setting, requests/s, p50, p90, p99, max (µs),
# refused, broken. Out: a table of the rounds, the median of each column, their ratio; the medians
# as JSON into `file`. A variant is compared with the orders.

function median(what, column,    i, j, value, sorted, n) {
  n = rounds[what]
  for (i = 1; i <= n; i++) {
    value = cell[what, i, column]
    for (j = i - 1; j >= 1 && sorted[j] > value; j--) sorted[j + 1] = sorted[j]
    sorted[j + 1] = value
  }
  return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function line(name, what) {
  printf "%-14s %9d %8.2f %8.2f %8.2f %8.2f\n", name, median(what, 2), median(what, 3) / 1000,
    median(what, 4) / 1000, median(what, 5) / 1000, median(what, 6) / 1000
}

function object(what) {
  return sprintf("{\"perSecond\":%d,\"p50\":%d,\"p90\":%d,\"p99\":%d,\"max\":%d}",
    median(what, 2), median(what, 3), median(what, 4), median(what, 5), median(what, 6))
}

BEGIN { printf "%-14s %9s %8s %8s %8s %8s\n", "", "req/s", "p50 ms", "p90 ms", "p99 ms", "max ms" }

{
  if (!rounds[$1]++ && $1 !~ /^(echo|orders|heard)$/) variants[++count] = $1
  for (i = 2; i <= 8; i++) cell[$1, rounds[$1], i] = $i
  refused += $7
  broken += $8
  printf "%-14s %9d %8.2f %8.2f %8.2f %8.2f\n", $1 " " rounds[$1], $2, $3 / 1000, $4 / 1000,
    $5 / 1000, $6 / 1000
  fflush()
}

END {
  if (!rounds["echo"] || !rounds["orders"]) exit 1
  ratio = median("orders", 2) / median("echo", 2)
  print ""
  line("echo", "echo")
  line("durable orders", "orders")
  if (rounds["heard"]) {
    line("heard orders", "heard")
    printf "\nwith subscribers %.3f of the orders without\n",
      median("heard", 2) / median("orders", 2)
  }
  for (i = 1; i <= count; i++)
    printf "with %s: %d req/s, %.2f of it; p99 %.2f ms\n", variants[i], median(variants[i], 2),
      median(variants[i], 2) / median("orders", 2), median(variants[i], 5) / 1000
  printf "\nratio %.2f   refused %d   broken %d\n", ratio, refused, broken
  printf "{\"echo\":%s,\"orders\":%s,\"ratio\":%.3f,\"refused\":%d,\"broken\":%d}\n",
    object("echo"), object("orders"), ratio, refused, broken >file
  if (broken || refused) exit 1
}
