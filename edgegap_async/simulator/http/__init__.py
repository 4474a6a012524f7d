"""The HTTP side of the local Edgegap: routing, request validation, rate limits, faults and the request log."""
