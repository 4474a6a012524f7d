"""Several processes that act as one client: one rate limit, one watcher and one set of webhooks, through a store."""
