"""The whole path on built-in data, from pretraining to an int8 bundle in use."""

from edgebert.demo.running import DemoResult, run_demo

__all__ = ["DemoResult", "run_demo"]
