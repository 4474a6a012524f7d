"""Requests in, replies out: routing, validation, limits, faults and the log."""
