-- When something was first seen.
--
-- KEYS   its time
-- Args   "age" or "peek"; for how long it is remembered
-- Tells  the time since then
verbs.beginnings = function(k, verb, keep)
  local began = tonumber(redis.call('GET', KEYS[k]) or '0')
  if began == 0 and verb == 'age' then
    redis.call('SET', KEYS[k], whole(started), 'PX', milliseconds(keep))
  end
  tell(began == 0 and 0 or math.max(started - began, 0))
end
