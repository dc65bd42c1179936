"""What translates, each in an environment of its own."""
