-- One call decides all that waits at one moment: each ask is a verb of one of the files beside this one.
--
-- ARGV[1]        JSON: for each ask its verb, how many keys it has, then its arguments
-- KEYS           the keys of all asks, in the same order
-- Returns, with spaces between, what each ask tells, in whole numbers; how many those are, its file says; or, of an ask
-- that finds under its keys what is none of ours, the one word !WRONGTYPE or !MALFORMED. Times are in microseconds:
-- the clock's own resolution, which costs a list no more than milliseconds (it packs either as one 64-bit integer).
--
-- A key may stand in several asks; each sees what those before it have done. One text each way, because packing and
-- parsing every number by itself costs a client three times as much as all the rest.
local clock = redis.call('TIME')
local started = clock[1] * 1000000 + clock[2]
local verbs = {}
local told = {}

-- Lua's own conversion to text keeps 14 digits, too few for a time.
local function whole(number)
  if number - number ~= 0 then error('neither finite nor a number', 0) end
  return string.format('%.0f', number)
end

local function tell(number)
  told[#told + 1] = whole(number)
end

-- For how long a key is to be kept; Redis takes no 0.
local function milliseconds(microseconds)
  return whole(math.max(math.ceil(microseconds / 1000), 1))
end
