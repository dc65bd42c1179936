"""ONNX files read and rewritten without the onnx package, as a device does.

What needs that package is in `edgebert.onnx_graph.in_memory`, for export and quantize alone.
"""

from edgebert.onnx_graph.reading import OnnxGraph as OnnxGraph
from edgebert.onnx_graph.reading import read_graph as read_graph

__all__ = ["OnnxGraph", "read_graph"]
