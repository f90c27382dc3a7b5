local key = 1
for _, ask in ipairs(cjson.decode(ARGV[1])) do
  local before = #told
  local done, fault = pcall(verbs[ask[1]], key, unpack(ask, 3))
  if not done then
    local why = string.gsub(tostring(type(fault) == 'table' and fault.err or fault), '^@?user_script: ?%d+: ', '')
    local code = string.match(why, '^(%u+) ')
    -- What this server refuses it refuses to all. What lies under a key and is none of ours is that key's fault alone.
    if code and code ~= 'WRONGTYPE' then error(fault, 0) end
    while #told > before do table.remove(told) end
    told[before + 1] = '!' .. (code or 'MALFORMED')
  end
  key = key + ask[2]
end
return table.concat(told, ' ')
