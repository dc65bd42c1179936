"""Sessions of onnxruntime: on which provider, with which threads, and who runs when."""
