"""From the bytes of a response to models: ``decoder`` walks objects and lists, ``scalars`` converts single values."""
