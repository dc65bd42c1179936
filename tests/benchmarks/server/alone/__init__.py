"""Our server by itself: starts, memory, a shadow, overload, signals."""
