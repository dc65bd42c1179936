"""Tiny translators whose every parameter matters, made from a fixed seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from families import make_family
from tiny import redraw
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy
from transformers import AutoModel, AutoTokenizer

from edgebert.checkpoint.translation.model import (
    TranslationConfig,
    TranslationModel,
    settings_of,
    without_pooler,
)
from edgebert.checkpoint.translation.target_tokenizer import (
    BEGIN_ID,
    END_ID,
    PAD_ID,
    TARGET_TOKENIZER,
    learn_target_tokenizer,
)

_WORDS = {
    "the": "die",
    "lamp": "lampe",
    "fan": "ventilator",
    "kitchen": "küche",
    "light": "licht",
    "is": "ist",
    "was": "war",
    "not": "nicht",
    "on": "an",
    "off": "aus",
    "in": "in",
    "and": "und",
    "anna": "Anna",
    "ben": "Ben",
    "very": "sehr",
    "good": "gut",
    "bad": "schlecht",
    "please": "bitte",
    "turn": "schalte",
    "paris": "Paris",
    "berlin": "Berlin",
    "one": "eins",
    "two": "zwei",
    "that": "das",
}
_PIECES = 400
_PAIRS, _STEPS = 48, 60


def pairs() -> list[tuple[str, str]]:
    """Sentences of a few words and what they are word by word, in the opposite order."""
    random = np.random.default_rng(3)
    found = []
    for _ in range(_PAIRS):
        words = random.choice(list(_WORDS), int(random.integers(1, 8))).tolist()
        found.append((" ".join(words), " ".join(_WORDS[word] for word in reversed(words))))
    return found


def make_translator(
    folder: Path,
    family: str = "bert",
    *,
    layers: int = 2,
    hidden: int = 48,
    heads: int = 2,
    activation: str = "relu",
    seed: int = 5,
    **config: Any,
) -> Path:
    """Write a translator that was taught a little, so that it says different things and ends.

    Args:
        folder: where to.
        family: of its encoder, a key of `families.FAMILIES`.
        layers, hidden, heads, activation: of its decoder.
        seed: of the weights.
        config: values that differ from the family's own.
    """
    encoder_folder = folder.with_name(f"{folder.name}-encoder")
    make_family(encoder_folder, family, **config)
    encoder = without_pooler(AutoModel.from_pretrained(encoder_folder))
    target = learn_target_tokenizer([target for _, target in pairs()], _PIECES)
    torch.manual_seed(seed)
    settings = TranslationConfig(
        encoder=settings_of(encoder.config),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=2 * hidden,
        hidden_act=activation,
        vocab_size=target.get_vocab_size(),
    )
    model = TranslationModel(settings, encoder)
    _redraw_decoder(model)
    tokenizer = AutoTokenizer.from_pretrained(encoder_folder)
    _teach(model, tokenizer, target)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    target.save(str(folder / TARGET_TOKENIZER))
    return folder


def _redraw_decoder(model: TranslationModel) -> None:
    redraw(model.decoder)
    with torch.no_grad():
        for name, weight in model.decoder.named_parameters():
            if name.endswith("norm.weight"):
                weight.add_(1.0)
            elif name.endswith(("query.weight", "key.weight")):
                weight.mul_(0.5)  # else a sharp attention makes too much of roundings


def _teach(model: TranslationModel, tokenizer: Any, target: Tokenizer) -> None:
    """Some steps on all pairs at once, of the decoder alone."""
    sources, targets = zip(*pairs(), strict=True)
    read = tokenizer(list(sources), padding=True, return_tensors="pt")
    ids = [[BEGIN_ID, *one.ids, END_ID] for one in target.encode_batch(list(targets))]
    written = torch.nn.utils.rnn.pad_sequence(
        [torch.tensor(row) for row in ids], batch_first=True, padding_value=PAD_ID
    )
    with torch.no_grad():
        memory = model.eval().read(dict(read))
    steps = torch.optim.Adam(model.decoder.parameters(), lr=5e-3)
    for _ in range(_STEPS):
        cross = model.decoder.cross(memory)
        states, _ = model.decoder(written[:, :-1], cross, read["attention_mask"])
        logits = model.decoder.logits(states).flatten(0, 1)
        loss = cross_entropy(logits, written[:, 1:].flatten(), ignore_index=PAD_ID)
        steps.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        steps.step()
