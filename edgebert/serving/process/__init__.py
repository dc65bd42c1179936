"""The process of a server: what it listens on, loads, is told by signals, and logs."""
