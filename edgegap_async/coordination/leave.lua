-- Removes a member, its watches and its lease.
--
-- KEYS[1..3]: the members, the watches of this one, and the leader. ARGV[1]: the member.
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
if redis.call('HGET', KEYS[3], 'member') == ARGV[1] then
    redis.call('HDEL', KEYS[3], 'member') -- the term stays: the next one is higher
end
