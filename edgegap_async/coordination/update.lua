-- Changes the watches of a member, and publishes messages.
--
-- KEYS[1..2]: the watches and the channel. ARGV[1..3]: after how many milliseconds the watches expire, how many are
-- set and how many are removed; then names and descriptions in turn, the names to remove, and the messages.
local sets, removals = 2 * ARGV[2], tonumber(ARGV[3])
for i = 4, 3 + sets, 2 do
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
for i = 4 + sets, 3 + sets + removals do
    redis.call('HDEL', KEYS[1], ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
for i = 4 + sets + removals, #ARGV do
    redis.call('PUBLISH', KEYS[2], ARGV[i])
end
