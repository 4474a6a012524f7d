"""What each operation of the local Edgegap does: one function an operation, listed in ``table``."""
