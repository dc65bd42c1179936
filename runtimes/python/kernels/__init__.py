"""Kernels of edgebert's own: their library, what of a graph they run, and whether they do.

Importing this loads neither numpy nor onnxruntime.
"""

AUTO, OFF, REQUIRED, BF16 = "auto", "off", "required", "bf16"
KERNELS = (AUTO, OFF, REQUIRED, BF16)
"""How they are asked for: where a bundle was measured with them, never, or not without; or as that,
with attention that multiplies numbers of bfloat16, whose bits are those of one kind of CPUs."""
