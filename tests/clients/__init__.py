"""`edgebert serve` asked by the clients that people have, and by what breaks servers."""
