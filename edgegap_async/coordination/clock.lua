-- now: the time of the store's clock, in microseconds. All times in these scripts are in microseconds.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
