-- Pauses a bucket and lowers its rate.
--
-- ARGV[6..9]: the pause, the age of the refused request (both in seconds), the factor by which the rate drops, and the
-- share of the full rate that it never drops below.
if now - ARGV[7] * 1000000 > slowed_at then
    slowed_rate = math.max(rate * ARGV[8], full_rate * ARGV[9])
    slowed_at = now
end
paused_until = math.max(paused_until, now + ARGV[6] * 1000000)
save()
