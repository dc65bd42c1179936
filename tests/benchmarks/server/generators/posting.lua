-- Posts the lines of a file in turn: JSON bodies. At the end prints what came of it as a line of JSON.
local bodies = {}
local headers = { ["Content-Type"] = "application/json" }
local turn = 0

function init(args)
   for line in io.lines(args[1]) do
      bodies[#bodies + 1] = line
   end
end

function request()
   turn = turn % #bodies + 1
   return wrk.format("POST", nil, headers, bodies[turn])
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"answered": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "failed": %d}\n',
      summary.requests, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
