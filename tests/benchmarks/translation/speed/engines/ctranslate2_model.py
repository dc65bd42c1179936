"""CTranslate2's model, between the tokenizers of the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ctranslate2
from tokenizers import Tokenizer

from benchmarks.translation.speed.engines.engine import Options
from benchmarks.translation.speed.variables import LONGEST_TARGET

_PER_TOKEN, _MORE = 2, 10
"""A target has at most so many tokens by those of its source, as edgebert has it."""


class Model:
    """A model that was loaded, with `tokenizer.json` and `tokenizer_target.json` beside it."""

    def __init__(self, model: Path, options: Options) -> None:
        self._source = Tokenizer.from_file(str(model / "tokenizer.json"))
        self._source.no_padding()
        self._target = Tokenizer.from_file(str(model / "tokenizer_target.json"))
        self._ids: dict[str, int] = self._target.get_vocab()
        self._translator = ctranslate2.Translator(
            str(model),
            compute_type=str(options["compute_type"]),
            inter_threads=int(options["inter_threads"]),
            intra_threads=int(options["intra_threads"]),
        )

    def translate(
        self, texts: Sequence[str], *, beams: int, longest: int | None, options: Options
    ) -> list[str]:
        sources = [one.tokens for one in self._source.encode_batch(list(texts))]
        limit = _PER_TOKEN * max(map(len, sources)) + _MORE  # there is one for a call
        found = self._translator.translate_batch(
            sources,
            max_batch_size=int(options["max_batch_size"]),
            batch_type=str(options["batch_type"]),
            beam_size=beams,
            max_decoding_length=longest or min(limit, LONGEST_TARGET),
        )
        ids = [[self._ids[piece] for piece in one.hypotheses[0]] for one in found]
        written: list[str] = self._target.decode_batch(ids)
        return written


def open_engine(model: Path, options: Options) -> Model:
    """Load a model with `compute_type`, `inter_threads` and `intra_threads`."""
    return Model(model, options)
