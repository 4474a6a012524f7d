"""What the client costs, measured beside other clients: ``python -m benchmarks`` runs the suite.

The suite is the workloads in ``workloads``, each with its goals, and the clients in ``peers``. Three programs stand
beside it, since they do not measure a cost but count servers: ``benchmarks.simulation``, ``benchmarks.soak`` and
``benchmarks.chaos``.
"""
