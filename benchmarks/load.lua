-- Makes wrk repeat the requests of a file, one per line ("GET path" or "POST path body"), and prints the counts as JSON.
local requests, statuses = {}, {}
local threads = {}
local position = 0

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  -- Many guests: a booking writes the guest's account, so bookings of one guest would wait for each other.
  local tokens = {}
  for token in (arguments[2] or ""):gmatch("[^,]+") do
    table.insert(tokens, token)
  end
  for line in io.lines(arguments[1]) do
    local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
    local headers = { ["Content-Type"] = "application/json" }
    if #tokens > 0 then
      headers["Authorization"] = "Bearer " .. tokens[#requests % #tokens + 1]
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
