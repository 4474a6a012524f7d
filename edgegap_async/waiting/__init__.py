"""Waiting until something is ready: one loop, and one watcher whose polls all waits share."""
