"""A checkpoint in, an optimized and proved float bundle out."""

from edgebert.export.exporting import ExportOptions, export_model

__all__ = ["ExportOptions", "export_model"]
