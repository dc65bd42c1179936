"""What a translation model writes, in PyTorch: greedily, or the best of some beams.

The search that the bundle's runtime is held to. A beam ends with the token that ends a target. A
source is done at its limit, or when as many targets have ended as it has beams and none that still
grows is likelier, as long as it is then, than any of them: without the second, some short and
unlikely ones would end the search before the likeliest one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from edgebert.checkpoint.translation.decoder import KeysValues, with_more
from edgebert.checkpoint.translation.model import TranslationModel

LENGTH_PENALTY = 1.0
"""By the length to this power a sum of log-probabilities is divided (Wu et al. 2016)."""


def longest_target(source_tokens: int) -> int:
    """Tokens of a target at most, by those of its source."""
    return 2 * source_tokens + 10


_NO_TOKEN = -1
"""What ends a target that is to have a certain length."""

_Grown = tuple[float, int, int]
"""The log-probability of a target with one token more, the beam that it grew from, and the token."""


@dataclass
class _Search:
    """The likeliest targets of one source that have ended, with their scores."""

    beams: int
    limit: int
    end: int
    done: bool = False
    ended: list[tuple[float, list[int]]] = field(default_factory=list)

    def step(self, best: list[_Grown], targets: list[list[int]]) -> list[_Grown]:
        """End some targets, and choose those that grow on.

        Args:
            best: twice as many as there are beams, the likeliest first.
            targets: what each beam has so far.

        Returns:
            As many as there are beams.
        """
        grows = [one for one in best if one[2] != self.end][: self.beams]
        if self.done:
            return grows
        length = len(targets[0]) + 1
        for likely, beam, token in best[: self.beams]:
            if token == self.end:
                self._keep(likely, targets[beam], length)
        if length >= self.limit:
            for likely, beam, token in grows:
                self._keep(likely, [*targets[beam], token], length)
        if len(self.ended) == self.beams:
            self.done = self.beams == 1 or self.ended[-1][0] >= score_of(grows[0][0], length)
        self.done |= length >= self.limit
        return grows

    def _keep(self, likely: float, tokens: list[int], length: int) -> None:
        self.ended.append((score_of(likely, length), tokens))
        self.ended.sort(key=lambda one: -one[0])
        del self.ended[self.beams :]


def score_of(likely: float, length: int) -> float:
    """By which targets are compared: their log-probability, by their tokens and the end's."""
    return likely / float(length**LENGTH_PENALTY)


@torch.inference_mode()
def write_targets(
    model: TranslationModel,
    source: dict[str, Tensor],
    *,
    beams: int = 1,
    tokens: int | None = None,
) -> list[list[int]]:
    """Token ids of the target of each source, without those that begin and end it.

    Args:
        model: in evaluation mode.
        source: inputs of the encoder, with their `attention_mask`, int64 [rows, tokens].
        beams: how many targets of a source grow beside each other; 1 takes the likeliest token.
        tokens: that each target is to have, whatever they say; by default it has as many as it
            takes, and no more than its source allows.
    """
    mask = source["attention_mask"]
    if tokens is None:
        limits, end = [*map(longest_target, mask.sum(dim=1).tolist())], model.config.eos_token_id
    else:
        limits, end = [tokens] * len(mask), _NO_TOKEN
    searches = [_Search(beams, limit, end) for limit in limits]
    cross = [_repeated(one, beams) for one in model.decoder.cross(model.read(source))]
    mask = mask.repeat_interleave(beams, dim=0)
    scores = torch.full((len(searches), beams), -torch.inf, device=mask.device)
    scores[:, 0] = 0.0  # all beams are alike at first, and one is enough
    written = torch.full((len(mask), 1), model.config.bos_token_id, device=mask.device)
    past: list[KeysValues] | None = None
    while not all(one.done for one in searches):
        states, kept = model.decoder(written[:, -1:], cross, mask, past)
        whole = list(map(with_more, past, kept)) if past else kept
        likely = model.decoder.logits(states[:, -1]).float().log_softmax(dim=-1)
        grown = _chosen(searches, scores.view(-1, 1) + likely, written)
        scores, order = grown[..., 0].float(), grown[..., 1].long().flatten()
        written = torch.cat((written[order], grown[..., 2].long().view(-1, 1)), dim=1)
        past = [(keys[order], values[order]) for keys, values in whole]
    return [one.ended[0][1] for one in searches]


def _chosen(searches: list[_Search], likely: Tensor, written: Tensor) -> Tensor:
    """What grows on, float64 [sources, beams, 3]: log-probability, row of `written`, token.

    Args:
        searches: of each source.
        likely: of each continuation, float32 [sources * beams, vocabulary].
        written: int64 [sources * beams, tokens], of each target the token that begins it first.
    """
    beams, vocabulary = len(likely) // len(searches), likely.shape[1]
    best, places = likely.view(len(searches), -1).topk(2 * beams, dim=1)  # so many may end
    targets = written[:, 1:].tolist()
    grown = []
    for number, search in enumerate(searches):
        first = number * beams
        found = [
            (value, *divmod(place, vocabulary))
            for value, place in zip(best[number].tolist(), places[number].tolist(), strict=True)
        ]
        grows = search.step(found, targets[first : first + beams])
        grown.append([(value, first + beam, token) for value, beam, token in grows])
    return torch.tensor(grown, dtype=torch.float64, device=likely.device)


def _repeated(kept: KeysValues, beams: int) -> KeysValues:
    keys, values = kept
    return keys.repeat_interleave(beams, dim=0), values.repeat_interleave(beams, dim=0)
