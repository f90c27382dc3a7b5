-- Sliding logs: each admits at most LIMIT entries in any WINDOW, exactly, by this server's own clock.
--
-- KEYS[i]        a list of the times at which requests were admitted, oldest first, in microseconds
-- ARGV[3i-2]     its limit; ARGV[3i-1] its window in microseconds; ARGV[3i] "take" or "peek"
-- Returns, flat, for each log: admitted 0|1, remaining, reset, retry_after, both times in microseconds from now
--
-- All decisions that wait at the same moment come in one call. A key may stand several times; each decision sees those
-- before it. Microseconds cost no more than milliseconds (a list packs either as one 64-bit integer) and are the clock's
-- own resolution, so that two entries a window apart are never mistaken for closer or farther ones. A number is written
-- with %.0f, because Lua's own conversion keeps 14 digits.
local clock = redis.call('TIME')
local started = clock[1] * 1000000 + clock[2]

local function decide(log, limit, window, verb)
  -- A clock that was set back must not put a younger entry before an older one.
  local now = math.max(started, tonumber(redis.call('LINDEX', log, -1) or '0'))

  local oldest = tonumber(redis.call('LINDEX', log, 0) or '0')
  while oldest > 0 and oldest <= now - window do
    redis.call('LPOP', log)
    oldest = tonumber(redis.call('LINDEX', log, 0) or '0')
  end

  local used = redis.call('LLEN', log)
  local admitted = used < limit
  if admitted and verb == 'take' then
    redis.call('RPUSH', log, string.format('%.0f', now))
    redis.call('PEXPIRE', log, math.ceil(window / 1000))
    used = used + 1
    if oldest == 0 then oldest = now end
  end

  local reset, retry_after = 0, 0
  if oldest > 0 then reset = oldest + window - now end
  if not admitted then
    -- After a limit was lowered the log is longer than the limit: room comes when enough entries have left.
    retry_after = tonumber(redis.call('LINDEX', log, used - limit)) + window - now
  end
  return admitted and 1 or 0, math.max(limit - used, 0), reset, retry_after
end

local told = {}
for i = 1, #KEYS do
  local admitted, remaining, reset, retry_after =
    decide(KEYS[i], tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), ARGV[3 * i])
  told[4 * i - 3], told[4 * i - 2], told[4 * i - 1], told[4 * i] = admitted, remaining, reset, retry_after
end
return told
