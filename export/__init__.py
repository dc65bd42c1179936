"""A checkpoint in, an optimized and proved float bundle out."""

from edgebert.export.exporting import export_model
from edgebert.export.options import ExportOptions

__all__ = ["ExportOptions", "export_model"]
