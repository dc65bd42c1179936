"""A float bundle in, an int8 bundle out, with its drift measured before it is written."""

from edgebert.quantize.options import SCHEMES, QuantizeOptions
from edgebert.quantize.quantizing import quantize_bundle

__all__ = ["SCHEMES", "QuantizeOptions", "quantize_bundle"]
