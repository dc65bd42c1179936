"""A checkpoint with fewer pieces in its vocabulary: what a corpus uses, and every character."""

from edgebert.vocabulary.folder import open_trimmed as open_trimmed
from edgebert.vocabulary.trimming import texts_cut_otherwise as texts_cut_otherwise
from edgebert.vocabulary.trimming import trim_vocabulary as trim_vocabulary

__all__ = ["open_trimmed", "texts_cut_otherwise", "trim_vocabulary"]
