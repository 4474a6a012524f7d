"""What is sent and what comes back, as classes: one file a domain."""
