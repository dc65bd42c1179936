"""Graphs as the onnx package holds them in memory: their values, edits, and how they are written."""
