"""Texts and labels read from the files people have: one reader for every command."""

from edgebert.data.columns import Columns
from edgebert.data.entities import Span
from edgebert.data.examples import Examples, Retrieval, Text
from edgebert.data.reading import read_examples
from edgebert.data.streaming import stream_texts

__all__ = ["Columns", "Examples", "Retrieval", "Span", "Text", "read_examples", "stream_texts"]
