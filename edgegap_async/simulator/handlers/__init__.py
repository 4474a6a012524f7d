"""What each operation does in the local Edgegap: one function per operation, listed in ``table``."""
