-- Removes the members that do not live, with their watches.
--
-- KEYS[1..2]: the members by the time of their last heartbeat, and the prefix of the keys of their watches.
-- ARGV[1]: for how many seconds a member lives after its last heartbeat.
local function text(number)
    return string.format('%.0f', number) -- by itself, Lua writes 14 digits
end

local function since(seconds)
    return text(now - seconds * 1000000)
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. text(now), '+inf')) do
    redis.call('ZADD', KEYS[1], text(now), member) -- the clock went back
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. since(ARGV[1]))) do
    redis.call('DEL', KEYS[2] .. member)
    redis.call('ZREM', KEYS[1], member)
end
