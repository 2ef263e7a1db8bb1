-- What scripts/bench/http reads from wrk: one line of numbers at the end of a run. It defines nothing
-- that wrk would call for each request. With an argument, requests have a body of so many bytes.
function init(arguments)
    if arguments[1] then
        wrk.method = "POST"
        wrk.body = string.rep("x", tonumber(arguments[1]))
        wrk.headers["Content-Type"] = "application/octet-stream"
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        "report %d %d %d %.1f %.1f\n",
        summary.requests,
        summary.duration,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50),
        latency:percentile(99)
    ))
end
