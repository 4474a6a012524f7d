"""Everything that keeps a server from being lost: the guard, clean-up, the journal and recovery."""
