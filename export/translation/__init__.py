"""A translator as two graphs, one that reads a source and one that writes a target."""
