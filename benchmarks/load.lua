-- Makes wrk repeat the requests of a file, one per line, and prints the counts as JSON.
-- A line is "METHOD path token key body". A token or an Idempotency-Key "-" is not sent. GET has no body.
-- Each line comes from an address of its own, as a proxy tells it, because Halls limits each network.
local requests = {}
local threads = {}
local position = 0

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, token, key, body = line:match("^(%S+) (%S+) (%S+) (%S+) ?(.*)$")
    local number = #requests
    local address = string.format("10.%d.%d.%d", math.floor(number / 65536), math.floor(number / 256) % 256, number % 256)
    local headers = { ["Content-Type"] = "application/json", ["X-Forwarded-For"] = address }
    if token ~= "-" then
      headers["Authorization"] = "Bearer " .. token
    end
    if key ~= "-" then
      headers["Idempotency-Key"] = key
    end
    table.insert(requests, wrk.format(method, path, headers, body ~= "" and body or nil))
  end
  ok, conflicts, others = 0, 0, 0
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function response(status)
  if status == 200 or status == 201 then
    ok = ok + 1
  elseif status == 409 then
    conflicts = conflicts + 1
  else
    others = others + 1
  end
end

function done(summary, latency)
  local ok, conflicts, others = 0, 0, 0
  for _, thread in ipairs(threads) do
    ok, conflicts, others = ok + thread:get("ok"), conflicts + thread:get("conflicts"), others + thread:get("others")
  end
  others = others + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    'RESULT {"ok": %d, "conflicts": %d, "others": %d, "seconds": %f, "p50": %f, "p95": %f, "p99": %f}\n',
    ok, conflicts, others, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000
  ))
end
