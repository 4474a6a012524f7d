-- The state of a shared bucket, as TokenBucket keeps it.
--
-- KEYS[1]: the bucket. ARGV[1..5]: the full rate (a second), the capacity, the horizon, for which a bucket of unknown
-- state is empty, over how long the rate recovers (both in seconds), and when the state expires (in milliseconds).
local full_rate, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local horizon, recovery = ARGV[3] * 1000000, ARGV[4] * 1000000

local state = redis.call('HMGET', KEYS[1], 'empty_at', 'paused_until', 'slowed_rate', 'slowed_at', 'used_at')
local empty_at = tonumber(state[1]) or now + horizon -- when the bucket held, or will hold, exactly no token
local paused_until = tonumber(state[2]) or 0
local slowed_rate = tonumber(state[3]) or full_rate
local slowed_at = tonumber(state[4]) or 0
local used_at = tonumber(state[5]) or now

if used_at > now then -- the clock went back: count from where it is, as if no time had passed
    local step = used_at - now
    empty_at, paused_until, slowed_at = empty_at - step, paused_until - step, slowed_at - step
end

local recovered = (now - math.max(slowed_at, paused_until)) / recovery
local rate = full_rate
if recovered < 1 then
    local lowest = math.min(slowed_rate, full_rate)
    rate = lowest + (full_rate - lowest) * math.max(recovered, 0)
end
empty_at = math.max(empty_at, now - capacity * 1000000 / rate)

local function text(number)
    return string.format('%.17g', number) -- exact; by itself, Lua writes 14 digits
end

local function save()
    redis.call('HSET', KEYS[1], 'empty_at', text(empty_at), 'paused_until', text(paused_until),
        'slowed_rate', text(slowed_rate), 'slowed_at', text(slowed_at), 'used_at', text(now))
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
