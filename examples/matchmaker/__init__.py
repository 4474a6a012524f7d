"""A matchmaker of several processes: tickets in, servers deployed, addresses out by server-sent events.

``python -m examples.matchmaker`` starts all of it on this machine; see ``examples/matchmaker/README.md``.
"""
