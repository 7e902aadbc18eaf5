# First file: requests refused and broken. Second: workers, then nanoseconds and orders committed
# before and after a step. Out: the median of each number of workers beside the best of them.

function median(workers,    i, j, value, sorted, n) {
  n = rounds[workers]
  for (i = 1; i <= n; i++) {
    value = rate[workers, i]
    for (j = i - 1; j >= 1 && sorted[j] > value; j--) sorted[j + 1] = sorted[j]
    sorted[j + 1] = value
  }
  return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

NR == FNR {
  refused += $1
  broken += $2
  next
}

{
  if (!rounds[$1]++) order[++kinds] = $1
  # Whole microseconds: awk's numbers have 53 bits.
  rate[$1, rounds[$1]] = ($5 - $3) / ((substr($4, 1, 16) - substr($2, 1, 16)) / 1e6)
}

END {
  if (!kinds) exit 1
  for (i = 1; i <= kinds; i++) if (median(order[i]) > best) best = median(order[i])
  printf "%-8s %10s %8s   %s\n", "workers", "orders/s", "of best", "each time"
  for (i = 1; i <= kinds; i++) {
    workers = order[i]
    printf "%-8d %10d %8.2f  ", workers, median(workers), median(workers) / best
    for (j = 1; j <= rounds[workers]; j++) printf " %d", rate[workers, j]
    print ""
    json = json sprintf("%s\"%d\":%d", i > 1 ? "," : "", workers, median(workers))
    if (workers >= 8 && median(workers) < 0.95 * best) isSlow = 1
  }
  printf "\nrefused %d   broken %d\n", refused, broken
  printf "{\"ordersPerSecond\":{%s},\"refused\":%d,\"broken\":%d}\n", json, refused, broken >file
  if (refused || broken) print "requests failed"
  if (isSlow) print "8 or 16 workers are more than 5 % slower than the best number"
  if (refused || broken || isSlow) exit 1
}
