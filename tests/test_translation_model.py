"""A decoder gives the numbers of a whole target a step at a time, in any company."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
import transformers
from tiny import redraw
from torch import Tensor

from edgebert.checkpoint.translation.decoder import KeysValues, with_more
from edgebert.checkpoint.translation.decoding import longest_target, write_targets
from edgebert.checkpoint.translation.model import (
    TranslationConfig,
    TranslationModel,
    settings_of,
    without_pooler,
)

VOCABULARY = 60


@pytest.fixture(scope="module", params=[(1, 32, "relu"), (3, 48, "gelu")])
def model(request: pytest.FixtureRequest) -> TranslationModel:
    """One whose every weight matters; one is as wide as its encoder, and one is not."""
    layers, hidden, activation = request.param
    return make_model(layers=layers, hidden=hidden, activation=activation)


def make_model(
    *, layers: int, hidden: int, activation: str = "relu", seed: int = 5
) -> TranslationModel:
    torch.manual_seed(seed)
    encoder = transformers.BertModel(
        transformers.BertConfig(
            vocab_size=50,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=40,
        )
    )
    config = TranslationConfig(
        encoder=settings_of(encoder.config),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=80,
        hidden_act=activation,
        vocab_size=VOCABULARY,
    )
    model = TranslationModel(config, without_pooler(encoder))
    redraw(model)
    with torch.no_grad():
        for name, weight in model.decoder.named_parameters():
            if name.endswith("norm.weight"):
                weight.add_(1.0)
    model.eval()
    return model


def sources(*lengths: int, seed: int = 1) -> dict[str, Tensor]:
    """Ragged sources, padded on the right."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(1, 50, (length,), generator=generator)
        mask[row, :length] = 1
    return {"input_ids": ids, "attention_mask": mask}


def targets(rows: int, tokens: int, seed: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCABULARY, (rows, tokens), generator=generator)


def row_of(source: dict[str, Tensor], row: int) -> dict[str, Tensor]:
    """One source alone, without padding."""
    length = int(source["attention_mask"][row].sum())
    return {name: values[row : row + 1, :length] for name, values in source.items()}


def assert_alike(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def logits(model: TranslationModel, source: dict[str, Tensor], target: Tensor) -> Tensor:
    with torch.inference_mode():
        return model.decoder.logits(model(source, target))


@torch.inference_mode()
def stepped(
    model: TranslationModel, source: dict[str, Tensor], parts: list[Tensor]
) -> tuple[Tensor, list[KeysValues]]:
    """The same, of a target that is given in parts."""
    cross = model.decoder.cross(model.read(source))
    past: list[KeysValues] | None = None
    found = []
    for part in parts:
        states, kept = model.decoder(part, cross, source["attention_mask"], past)
        past = list(map(with_more, past, kept)) if past else kept
        found.append(model.decoder.logits(states))
    assert past is not None
    return torch.cat(found, dim=1), past


@pytest.mark.parametrize("sizes", [(1,) * 9, (4, 5), (1, 3, 1, 4)])
def test_steps_give_the_numbers_of_the_whole_target(
    model: TranslationModel, sizes: tuple[int, ...]
) -> None:
    source, target = sources(7, 4, 1), targets(3, 9)
    found, past = stepped(model, source, list(torch.split(target, list(sizes), dim=1)))
    assert_alike(found, logits(model, source, target))
    assert {keys.shape[2] for keys, _ in past} == {9}


def test_a_later_token_never_changes_an_earlier_logit(model: TranslationModel) -> None:
    source, target = sources(6), targets(1, 8)
    before = logits(model, source, target)
    for place in range(1, 8):
        changed = target.clone()
        changed[0, place] = 3 + (target[0, place] - 3 + 1) % (VOCABULARY - 3)
        after = logits(model, source, changed)
        assert torch.equal(after[:, :place], before[:, :place])
        assert not torch.allclose(after[:, place], before[:, place], atol=1e-3)


def test_padding_does_not_change_a_row(model: TranslationModel) -> None:
    source, target = sources(9, 3, 5), targets(3, 6)
    together = logits(model, source, target)
    for row in range(3):
        alone = logits(model, row_of(source, row), target[row : row + 1])
        assert_alike(together[row : row + 1], alone)


def test_each_source_token_and_each_earlier_token_matters(model: TranslationModel) -> None:
    source, target = sources(5), targets(1, 5)
    before = logits(model, source, target)[0, -1]
    for place in range(5):
        other = {name: values.clone() for name, values in source.items()}
        other["input_ids"][0, place] = 1 + other["input_ids"][0, place] % 49
        assert not torch.allclose(logits(model, other, target)[0, -1], before, atol=1e-4)
        earlier = target.clone()
        earlier[0, place] = 3 + (target[0, place] - 2) % (VOCABULARY - 3)
        assert not torch.allclose(logits(model, source, earlier)[0, -1], before, atol=1e-4)


def test_rows_that_have_come_differently_far_go_on_together(model: TranslationModel) -> None:
    """As in a batch that finished sentences leave, and that new ones enter."""
    source, target = sources(6, 6, 6), targets(3, 7)
    done = (4, 0, 2)
    pasts = [
        stepped(model, row_of(source, row), [target[row : row + 1, :count]])[1] if count else None
        for row, count in enumerate(done)
    ]
    past = [joined(pasts, layer) for layer in range(model.config.num_hidden_layers)]
    following = torch.stack([target[row, count] for row, count in enumerate(done)])[:, None]
    with torch.inference_mode():
        cross = model.decoder.cross(model.read(source))
        states, _ = model.decoder(
            following, cross, source["attention_mask"], past, torch.tensor(done)
        )
        found = model.decoder.logits(states)
    for row, count in enumerate(done):
        alone = logits(model, row_of(source, row), target[row : row + 1, : count + 1])
        assert_alike(found[row], alone[0, -1:])


def joined(pasts: list[Any], layer: int) -> KeysValues:
    """Pasts of different lengths in one batch, each on the left; what fills them up is no number."""
    widest = max(past[layer][0].shape[2] for past in pasts if past)
    shape = next(past[layer][0].shape for past in pasts if past)

    def side(which: int) -> Tensor:
        whole = torch.full((len(pasts), shape[1], widest, shape[3]), 1e4)
        for row, past in enumerate(pasts):
            if past:
                kept = past[layer][which]
                whole[row, :, : kept.shape[2]] = kept[0]
        return whole

    return side(0), side(1)


def test_greedy_writing_takes_the_likeliest_token_of_the_whole_prefix(
    model: TranslationModel,
) -> None:
    source = sources(6, 2, 4)
    for row, written in enumerate(write_targets(model, source)):
        prefix = torch.tensor([[1]])
        for token in [*written, 2][: longest_target(int(source["attention_mask"][row].sum()))]:
            likeliest = int(logits(model, row_of(source, row), prefix)[0, -1].argmax())
            assert token == likeliest
            prefix = torch.cat((prefix, torch.tensor([[token]])), dim=1)


@pytest.mark.parametrize("beams", [1, 4])
def test_a_source_is_written_alone_as_in_company(model: TranslationModel, beams: int) -> None:
    source = sources(6, 2, 9, 4)
    together = write_targets(model, source, beams=beams)
    assert len(set(map(tuple, together))) > 1
    alone = [write_targets(model, row_of(source, row), beams=beams)[0] for row in range(4)]
    assert together == alone


@pytest.mark.parametrize("beams", [1, 3])
def test_targets_of_a_certain_length_end_by_nothing_else(
    model: TranslationModel, beams: int
) -> None:
    source = sources(6, 2, 9)
    for tokens in (1, 40):
        written = write_targets(model, source, beams=beams, tokens=tokens)
        assert [len(target) for target in written] == [tokens] * 3


def test_beams_as_wide_as_all_targets_find_the_best_one() -> None:
    """Of three tokens and at most four in a target, all 81 and the shorter ones are looked at."""
    model = make_model(layers=1, hidden=32, seed=8)
    with torch.no_grad():  # all but three tokens and the end are never written
        model.decoder.embedding.weight[[0, 1, *range(6, VOCABULARY)]] = 0.0
    bias = torch.full((VOCABULARY,), -1e4)
    bias[[2, 3, 4, 5]] = 0.0
    plain = model.decoder.logits
    model.decoder.logits = lambda states: plain(states) + bias  # type: ignore[method-assign]
    source, limit = sources(3), 4
    best = max(
        (
            tokens
            for size in range(limit + 1)
            for tokens in itertools.product((3, 4, 5), repeat=size)
        ),
        key=lambda tokens: _score(model, source, tokens, ends=len(tokens) < limit),
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("edgebert.checkpoint.translation.decoding.longest_target", lambda _: limit)
        (found,) = write_targets(model, source, beams=81)
    assert tuple(found) == best


def _score(
    model: TranslationModel, source: dict[str, Tensor], tokens: tuple[int, ...], *, ends: bool
) -> float:
    """The mean log-probability of a target, by its definition."""
    told = [*tokens, 2] if ends else [*tokens]
    likely = logits(model, source, torch.tensor([[1, *tokens]])).log_softmax(dim=-1)[0]
    return float(sum(likely[place, token] for place, token in enumerate(told))) / len(told)
