"""A float bundle in, an int8 bundle out, with its drift measured before it is written."""

from edgebert.quantize.adding_kernels import HeldOut, add_kernels
from edgebert.quantize.options import SCHEMES, QuantizeOptions
from edgebert.quantize.quantizing import quantize_bundle

__all__ = ["SCHEMES", "HeldOut", "QuantizeOptions", "add_kernels", "quantize_bundle"]
