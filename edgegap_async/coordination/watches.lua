-- Returns the watches of the members that live: each member, followed by its names and descriptions in turn.
--
-- ARGV[2..]: the members whose watches are not returned.
local left_out = {}
for i = 2, #ARGV do
    left_out[ARGV[i]] = true
end
local found = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if not left_out[member] then
        found[#found + 1] = member
        found[#found + 1] = redis.call('HGETALL', KEYS[2] .. member)
    end
end
return found
