"""Translation in PyTorch: an encoder of the BERT family, and a shallow decoder of our own."""
