"""A bundle or an ONNX file -> what it holds, without the onnx package."""

from edgebert.inspect.inspection import count_coverage, count_operators, inspect_path

__all__ = ["count_coverage", "count_operators", "inspect_path"]
