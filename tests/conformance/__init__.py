"""What all clients share, made anew: schemas, tokenizers, and how they read texts. See runtimes/conformance/README.md."""
