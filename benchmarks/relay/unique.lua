-- For wrk: the path with a number behind it, another one each time.
local number = 0
request = function()
  number = number + 1
  return wrk.format("GET", wrk.path .. number)
end
