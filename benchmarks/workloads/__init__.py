"""The workloads, one a module: each has a name, what it measures, and its goals."""
