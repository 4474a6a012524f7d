-- Records a heartbeat, and elects a leader if there is none.
--
-- KEYS[3..5]: the leader, the values, and the channel of the member. ARGV[2..6]: the member, for how many seconds it
-- counts after a heartbeat, for how many seconds a leader has its lease, after how many milliseconds the keys expire,
-- and 1 if it may lead. A leader that may not stays the leader until another member's heartbeat.
-- Returns the time, the number of members, the index of this one, the leader ('' without one), the term, 1 if the
-- member was known, and to the leader how much all members wait for. Its subscription receives an empty message.
local id, expiry, may_lead = ARGV[2], ARGV[5], ARGV[6] == '1'
local was_known = redis.call('ZSCORE', KEYS[1], id) and 1 or 0
redis.call('ZADD', KEYS[1], text(now), id)
redis.call('PEXPIRE', KEYS[1], expiry)
redis.call('PEXPIRE', KEYS[2] .. id, expiry)
redis.call('PEXPIRE', KEYS[4], expiry)

local members = redis.call('ZRANGEBYSCORE', KEYS[1], since(ARGV[3]), '+inf')
local index = 0
for _, member in ipairs(members) do
    if member < id then
        index = index + 1
    end
end

local lease = redis.call('HMGET', KEYS[3], 'member', 'term', 'until')
local leader, term = lease[1], tonumber(lease[2]) or 0
local longest = now + ARGV[4] * 1000000
local expires_at = math.min(tonumber(lease[3]) or 0, longest) -- it is later only if the clock went back
if may_lead and leader ~= id and (not leader or expires_at <= now) then
    leader = id
    term = math.max(term + 1, math.floor(now / 1000)) -- it grows even if the previous one is lost
end
if leader == id then
    expires_at = may_lead and longest or now
end
if leader then
    redis.call('HSET', KEYS[3], 'member', leader, 'term', text(term), 'until', text(expires_at))
    redis.call('PEXPIRE', KEYS[3], expiry)
end
local watched = 0
if leader == id then
    for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
        watched = watched + redis.call('HLEN', KEYS[2] .. member)
    end
end
redis.call('PUBLISH', KEYS[5], '')
return {text(now), #members, index, leader or '', text(term), was_known, watched}
