-- Sliding logs: each window admits at most its limit, exactly, by this server's own clock.
--
-- KEYS   one list: the times at which requests were admitted, oldest first. All windows of a policy share it, so that an
--        edit that adds or changes one begins nothing anew.
-- Args   "take" or "peek"; the request's cost; for each window its limit and its length
-- Tells  admitted 0|1; then for each window remaining, reset, retry_after

local MOST_IN_A_PUSH = 1000

-- How many of a log's entries are no later than a time, by halving.
local function entries_until(log, entries, time)
  local below, above = 0, entries
  while below < above do
    local middle = math.floor((below + above) / 2)
    if tonumber(redis.call('LINDEX', log, middle)) <= time then below = middle + 1 else above = middle end
  end
  return below
end

local function push(log, entry, times)
  if times == 1 then
    redis.call('RPUSH', log, entry)
    return
  end
  local entries = {}
  for i = 1, math.min(times, MOST_IN_A_PUSH) do entries[i] = entry end
  for pushed = 0, times - 1, MOST_IN_A_PUSH do
    redis.call('RPUSH', log, unpack(entries, 1, math.min(times - pushed, MOST_IN_A_PUSH)))
  end
end

verbs.requests = function(k, verb, cost, windows)
  local log, taking, longest = KEYS[k], verb == 'take', 0
  for _, window in ipairs(windows) do longest = math.max(longest, window[2]) end

  local now = started
  local newest = tonumber(redis.call('LINDEX', log, -1) or '0')
  if newest > now then
    -- The clock was set back. A younger entry must not stand before an older one; but a log that is further ahead than
    -- any window says nothing, and would shut out all until the clock is as late again.
    if newest > now + longest then redis.call('DEL', log) else now = newest end
  end

  local oldest = tonumber(redis.call('LINDEX', log, 0) or '0')
  local entries = oldest > 0 and redis.call('LLEN', log) or 0
  if taking and oldest > 0 and oldest <= now - longest then
    -- Only now: who peeks may ask about shorter windows than those that the entries are kept for.
    redis.call('LTRIM', log, entries_until(log, entries, now - longest), -1)
    oldest = tonumber(redis.call('LINDEX', log, 0) or '0')
    entries = oldest > 0 and redis.call('LLEN', log) or 0
  end

  local admitted, waits = true, {}
  for i, window in ipairs(windows) do
    local limit, length = window[1], window[2]
    -- There is room when the entry so many places from the end has left: also after a limit was lowered, when the log is
    -- longer than the limit.
    local place = math.max(limit - cost + 1, 1)
    waits[i] = 0
    if place <= entries then
      local leaves = tonumber(redis.call('LINDEX', log, -place)) + length
      if leaves > now then
        waits[i] = leaves - started
        admitted = false
      end
    end
  end

  if admitted and taking then
    push(log, whole(now), cost)
    redis.call('PEXPIRE', log, milliseconds(longest + now - started))
    entries = entries + cost
    if oldest == 0 then oldest = now end
  end

  tell(admitted and 1 or 0)
  for i, window in ipairs(windows) do
    local limit, length = window[1], window[2]
    local gone, first = 0, oldest
    if oldest > 0 and oldest <= now - length then
      gone = entries_until(log, entries, now - length)
      first = gone < entries and tonumber(redis.call('LINDEX', log, gone)) or 0
    end
    tell(math.max(limit - (entries - gone), 0))
    tell(first > 0 and first + length - started or 0)
    tell(waits[i])
  end
end
