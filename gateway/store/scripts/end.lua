local key = 1
for _, ask in ipairs(cjson.decode(ARGV[1])) do
  verbs[ask[1]](key, unpack(ask, 3))
  key = key + ask[2]
end
return table.concat(told, ' ')
