"""ONNX files read without the onnx package, so that a device can look into a model."""

from edgebert.onnx_graph.reading import OnnxGraph as OnnxGraph
from edgebert.onnx_graph.reading import read_graph as read_graph

__all__ = ["OnnxGraph", "read_graph"]
