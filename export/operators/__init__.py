"""What an architecture runs, as the operators that a graph has for it."""
