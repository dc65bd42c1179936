"""What runs in environments of servers: scripts that know nothing of this package."""
