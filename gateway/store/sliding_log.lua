-- A sliding log: at most LIMIT entries in any WINDOW, exactly, by this server's own clock.
--
-- KEYS[1]  a list of the times at which requests were admitted, oldest first, in microseconds
-- ARGV[1]  the limit; ARGV[2] the window in microseconds; ARGV[3] "take" or "peek"
-- Returns  {admitted 0|1, remaining, reset, retry_after}, both times in microseconds from now
--
-- Microseconds cost no more than milliseconds (a list packs either as one 64-bit integer) and are the clock's own
-- resolution, so that two entries a window apart are never mistaken for closer or farther ones. A number is written with
-- %.0f, because Lua's own conversion keeps 14 digits.
local log, limit, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

-- A clock that was set back must not put a younger entry before an older one.
local newest = tonumber(redis.call('LINDEX', log, -1) or '0')
if newest > now then now = newest end

local oldest = tonumber(redis.call('LINDEX', log, 0) or '0')
while oldest > 0 and oldest <= now - window do
  redis.call('LPOP', log)
  oldest = tonumber(redis.call('LINDEX', log, 0) or '0')
end

local used = redis.call('LLEN', log)
local admitted = used < limit
if admitted and ARGV[3] == 'take' then
  redis.call('RPUSH', log, string.format('%.0f', now))
  redis.call('PEXPIRE', log, math.ceil(window / 1000))
  used = used + 1
  if oldest == 0 then oldest = now end
end

local reset = 0
if oldest > 0 then reset = oldest + window - now end
local retry_after = 0
if not admitted then
  -- After a limit was lowered the log is longer than the limit: room comes when enough entries have left.
  retry_after = tonumber(redis.call('LINDEX', log, used - limit)) + window - now
end
return {admitted and 1 or 0, math.max(limit - used, 0), reset, retry_after}
