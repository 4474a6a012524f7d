-- Returns a value; without one, the proposal becomes the value.
--
-- KEYS[1]: the value. ARGV[1..2]: the proposal, and after how many milliseconds it expires.
local value = redis.call('GET', KEYS[1])
if value then
    return value
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
