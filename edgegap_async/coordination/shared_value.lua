-- Returns the value of a name; without one, the proposal becomes the value.
--
-- KEYS[1]: the values. ARGV[1..3]: the name, the proposal, and after how many milliseconds the values expire.
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('HGET', KEYS[1], ARGV[1])
