"""Candidates in WebAssembly, as a browser runs them: how far they drift there, and how fast they are."""
