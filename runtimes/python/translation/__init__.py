"""How a bundle with a decoder writes: many sentences at a time, each as if it were alone."""
