"""Kernels of edgebert's own: their library, what of a graph they run, and whether they do.

Importing this loads neither numpy nor onnxruntime.
"""

AUTO, OFF, REQUIRED = "auto", "off", "required"
KERNELS = (AUTO, OFF, REQUIRED)
"""How they are asked for: where a bundle was measured with them, never, or not without."""
