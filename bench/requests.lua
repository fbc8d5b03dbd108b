-- Sends the URL again and again, or the requests of a file once each; prints what was measured as JSON.
-- A line of the file is method, path and body, with tabs between. Thread 0 takes the even lines, 1 the odd ones.
-- https://github.com/wg/wrk/blob/master/SCRIPTING
--
--   wrk -t2 ... -s requests.lua URL -- [FILE]

local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, micros; } moment; int gettimeofday(moment *, void *);")

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function now()
  local moment = ffi.new("moment")
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.seconds) + tonumber(moment.micros) / 1e6
end

function init(arguments)
  if not arguments[1] then return end
  local requests, place, line_number = {}, 0, 0
  for line in io.lines(arguments[1]) do
    if line_number % 2 == number then
      local method, path, body = line:match("^(%S+)\t([^\t]*)\t(.*)$")
      local headers = {}
      for name, value in pairs(wrk.headers) do headers[name] = value end
      if body ~= "" then headers["Content-Type"] = "application/json" end
      table.insert(requests, wrk.format(method, path, headers, body ~= "" and body or nil))
    end
    line_number = line_number + 1
  end
  function request()
    place = place + 1
    if place <= 2 then began = now() end -- wrk takes the first one before it starts
    if place > #requests then
      lasted = now() - began -- wrk goes on waiting for the time that it was given
      wrk.thread:stop()
      place = 1
    end
    return requests[place]
  end
end

function done(summary, latency)
  local errors, seconds = summary.errors, 0
  for _, thread in ipairs(threads) do
    seconds = math.max(seconds, thread:get("lasted") or summary.duration / 1e6)
  end
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"errors":%d,"p50":%.4f,"p99":%.4f}\n',
    summary.requests, seconds,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
