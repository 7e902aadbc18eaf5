-- One order a request: limit orders of two accounts around a middle, so that about half of them
-- trade at once and the book stays thin. All requests are made before the clock starts.

local count = 4096
local requests = {}
local nextRequest = 0
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  math.randomseed(7 + number)
  local symbols = {}
  for name in os.getenv("BENCH_SYMBOLS"):gmatch("[^,]+") do symbols[#symbols + 1] = name end
  local buyer, seller = os.getenv("BENCH_BUYER"), os.getenv("BENCH_SELLER")
  for index = 1, count do
    -- Each account keeps to one side: orders of one account do not trade with each other.
    local isBuy = index % 2 == 0
    local body = string.format(
      '{"symbol":"%s","side":"%s","type":"limit","price":"%d.%02d","quantity":"0.%05d"}',
      symbols[math.random(#symbols)], isBuy and "buy" or "sell",
      70000 + math.random(-1, 0), math.random(0, 99), 1000 * math.random(1, 9))
    requests[index] = wrk.format("POST", "/api/orders", {
      ["Authorization"] = "Bearer " .. (isBuy and buyer or seller),
      ["Content-Type"] = "application/json",
    }, body)
  end
end

function request()
  nextRequest = nextRequest % count + 1
  return requests[nextRequest]
end

-- One line: requests a second, p50, p90, p99 and the longest in microseconds, what went wrong.
function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    "RESULT %.0f %.0f %.0f %.0f %.0f %d %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
