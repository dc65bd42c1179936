"""The runtime's search gives the targets that the search in PyTorch gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from edgebert.checkpoint.folder import open_checkpoint
from edgebert.checkpoint.translation.decoding import write_targets
from edgebert.checkpoint.translation.opening import open_translator
from edgebert.runtimes import load

TEXTS = [
    "the lamp",
    "anna is in paris",
    "turn off the light in the kitchen please",
    "two",
    "the the lamp is not on",
]


@pytest.mark.parametrize("beam", [1, 2, 4])
def test_the_search_is_that_of_the_checkpoint(
    tiny_translator: Path, tiny_translator_bundle: Path, beam: int
) -> None:
    model = load(tiny_translator_bundle)
    pytorch = open_translator(open_checkpoint(str(tiny_translator))).model
    told = model.translate(TEXTS, beam=beam)
    for text, found in zip(TEXTS, told, strict=True):
        encoding = model.tokenizer.encode(text)
        source = {
            "input_ids": torch.tensor([encoding.ids]),
            "attention_mask": torch.tensor([encoding.attention_mask]),
            "token_type_ids": torch.tensor([encoding.type_ids]),
        }
        read = {name: source[name] for name in (*model.manifest.inputs, "attention_mask")}
        (wanted,) = write_targets(pytorch, read, beams=beam)
        (sentence,) = found.sentences
        written = sentence.tokens[:-1] if sentence.ended else sentence.tokens
        assert list(written) == wanted
