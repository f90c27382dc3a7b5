-- Seats: leases that are given up by themselves, so that one who was killed frees its own.
--
-- KEYS   sorted sets by member: the end of its lease; when it sat down; until when it stays stopped
-- Args   "sit", "leave" or "peek"; the member; how many seats; the lease; "reject" or "stop_oldest"; the ban
-- Tells  1 seated, 0 no seat, 2 stopped; 1 if the seat was free before; seats taken; retry_after

local MOST_IN_A_REMOVAL = 1000

verbs.seats = function(k, verb, member, limit, lease, when_full, ban)
  local leases, began, stopped = KEYS[k], KEYS[k + 1], KEYS[k + 2]
  local now = whole(started)

  local function outlive(key, time)
    -- Never shorten what an earlier, longer lease needs.
    if redis.call('PTTL', key) < time / 1000 then redis.call('PEXPIRE', key, milliseconds(time)) end
  end

  local function free(who)
    redis.call('ZREM', leases, who)
    redis.call('ZREM', began, who)
  end

  local ended = redis.call('ZRANGEBYSCORE', leases, '-inf', now)
  for first = 1, #ended, MOST_IN_A_REMOVAL do
    redis.call('ZREM', began, unpack(ended, first, math.min(first + MOST_IN_A_REMOVAL - 1, #ended)))
  end
  if #ended > 0 then redis.call('ZREMRANGEBYSCORE', leases, '-inf', now) end
  redis.call('ZREMRANGEBYSCORE', stopped, '-inf', now)
  if verb == 'leave' then
    -- Only if none has held the seat since it was taken: another request of the same session may be under way.
    local ends = tonumber(redis.call('ZSCORE', leases, member) or '0.5')
    if ends % 1 == 0 then free(member) end
  end

  local taken = redis.call('ZCARD', leases)
  local held = redis.call('ZSCORE', leases, member)
  if redis.call('ZSCORE', stopped, member) then
    tell(2) tell(0) tell(taken) tell(0)
    return
  end

  if not held and taken >= limit and when_full ~= 'stop_oldest' then
    -- Room comes when as many have gone as there are too many.
    local last = redis.call('ZRANGE', leases, taken - limit, taken - limit, 'WITHSCORES')
    tell(0) tell(0) tell(taken) tell(math.ceil(tonumber(last[2]) - started))
    return
  end

  if verb == 'sit' then
    while not held and taken >= limit do
      -- A Redis that runs out of memory may have evicted one of the two sets and kept the other.
      local oldest = redis.call('ZRANGE', began, 0, 0)[1] or redis.call('ZRANGE', leases, 0, 0)[1]
      free(oldest)
      redis.call('ZADD', stopped, whole(started + ban), oldest)
      outlive(stopped, ban)
      taken = redis.call('ZCARD', leases)
    end
    -- Half a microsecond less, which no clock can tell, marks a seat that has been held since it was taken.
    local ends = held and string.format('%.1f', started + lease - 0.5) or whole(started + lease)
    redis.call('ZADD', leases, ends, member)
    redis.call('ZADD', began, 'NX', now, member)
    outlive(leases, lease)
    outlive(began, lease)
    if not held then taken = taken + 1 end
  end
  tell(1) tell(held and 0 or 1) tell(taken) tell(0)
end
