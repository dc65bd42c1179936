"""The checkpoint that an export starts from."""
