"""A deterministic simulation: client, local Edgegap and network in one process and one seed."""
