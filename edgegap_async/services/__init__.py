"""The services of the API: one file a domain, each method an operation."""
