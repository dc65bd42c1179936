"""What a graph is held to: PyTorch, an ONNX file, answers that were saved; a bundle is one too."""
