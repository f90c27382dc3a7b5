-- A steady pace: each lane knows when its next byte may be sent.
--
-- KEYS   for each lane when its next byte may be sent, and when that was written: "time time"
-- Args   the bits to send, fewer than 0 to give back; for each lane its bits a second
-- Tells  the time to wait before they are sent
verbs.pacing = function(k, bits, rates)
  local longest = 0
  for i, rate in ipairs(rates) do
    local lane = KEYS[k + i - 1]
    local next_byte, written = string.match(redis.call('GET', lane) or '0 0', '(%d+) (%d+)')
    -- A clock that was set back moves the queue with it, or all would wait until it is as late again.
    local set_back = math.max(tonumber(written) - started, 0)
    -- What was not used is not saved up: a lane that was idle begins now.
    local from = math.max(started, tonumber(next_byte) - set_back)
    local after = from + bits * 1000000 / rate
    redis.call('SET', lane, whole(after) .. ' ' .. whole(started), 'PX', milliseconds(after - started + 1000000))
    longest = math.max(longest, from - started)
  end
  tell(longest)
end
