-- Returns the ids of the members that live.
return redis.call('ZRANGE', KEYS[1], 0, -1)
