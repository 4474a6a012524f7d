-- Reserves slots of a bucket.
--
-- ARGV[6..7]: how many slots, and within how many seconds the first one must lie; the others lie within the horizon.
-- Returns the delay of the next slot that is not reserved, the current rate, and the delays of the reserved slots.
local count, longest_delay = tonumber(ARGV[6]), ARGV[7] * 1000000
local interval = 1000000 / rate
-- Nothing is released during a pause, and tokens beyond the capacity are discarded at its end as at any time.
local earliest = math.max(now, paused_until)
local start = math.max(empty_at, earliest - capacity * interval)
local slot = math.max(start + interval, earliest)
local delays = {}

while #delays < count and slot - now <= longest_delay do
    delays[#delays + 1] = text(slot - now)
    slot = math.max(start + (#delays + 1) * interval, earliest)
    longest_delay = horizon
end
if #delays > 0 then
    empty_at = start + #delays * interval
end
save() -- even if no slot is reserved: a bucket of unknown state would stay one
return {text(slot - now), text(rate), unpack(delays)}
