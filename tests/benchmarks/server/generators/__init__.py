"""What asks servers: wrk, which waits for answers, and a generator that does not."""
