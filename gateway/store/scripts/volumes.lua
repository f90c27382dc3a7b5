-- Bytes spent in each day and month of the calendar, in UTC, by this server's own clock.
--
-- KEYS   one hash: for "day" and "month" the number of the one that was last spent in, and the bytes spent in it
-- Args   "reserve", "spend" or "peek"; the bytes wanted; the least that will do; for each volume "day" or "month" and its
--        bytes
-- Tells  granted; then for each volume bytes used, and the time until its day or month is over
local seconds_now = math.floor(started / 1000000)
local today = math.floor(seconds_now / 86400)

-- The first day of a month, in days since 1970-01-01; months count from the year 0 (Howard Hinnant, days_from_civil).
local function first_day(month)
  local year, of_year = math.floor(month / 12), month % 12
  if of_year < 2 then year = year - 1 end
  local day_of_year = math.floor((153 * ((of_year + 10) % 12) + 2) / 5)
  local leaps = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leaps + day_of_year - 719468
end

local function month_of(day)
  local month = math.floor(day / 30.436875) + 23640
  while first_day(month) > day do month = month - 1 end
  while first_day(month + 1) <= day do month = month + 1 end
  return month
end

local this_month = month_of(today)
local periods = {
  day = { number = today, ends = (today + 1) * 86400 },
  month = { number = this_month, ends = first_day(this_month + 1) * 86400 },
}

verbs.volumes = function(k, verb, wanted, least, volumes)
  local spent = KEYS[k]
  local kept = redis.call('HMGET', spent, 'day', 'day:bytes', 'month', 'month:bytes')
  local used = {
    day = tonumber(kept[1]) == periods.day.number and tonumber(kept[2]) or 0,
    month = tonumber(kept[3]) == periods.month.number and tonumber(kept[4]) or 0,
  }
  local room = math.huge
  for _, volume in ipairs(volumes) do room = math.min(room, volume[2] - used[volume[1]]) end

  local granted = 0
  if verb == 'spend' or wanted <= room then
    granted = wanted
  elseif least <= room then
    granted = least
  end
  if granted ~= 0 and verb ~= 'peek' then
    -- Both are always counted, so that an edit that adds one finds what was spent in it before.
    for name, period in pairs(periods) do
      used[name] = math.max(used[name] + granted, 0)
      redis.call('HSET', spent, name, whole(period.number), name .. ':bytes', whole(used[name]))
    end
    redis.call('PEXPIRE', spent, milliseconds(32 * 86400 * 1000000))
  end

  tell(granted)
  for _, volume in ipairs(volumes) do
    tell(used[volume[1]])
    tell(periods[volume[1]].ends * 1000000 - started)
  end
end
