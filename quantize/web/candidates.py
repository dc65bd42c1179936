"""Mixtures of a search as whole graphs in WebAssembly: timed, proposed, and told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from edgebert.bundle import Bundle
from edgebert.errors import BundleError
from edgebert.onnx_graph.parts import FLOAT
from edgebert.quantize.chosen_mixture import Made, Proposal, proposals_of
from edgebert.quantize.forms.recipes import Plan, Recipes
from edgebert.quantize.options import AUTO
from edgebert.quantize.search.mixture_drift import MixtureDrift
from edgebert.quantize.search.mixture_search import Search, mixture_name
from edgebert.quantize.search.racing import TOKENS
from edgebert.quantize.web.choosing import Candidate, in_order
from edgebert.quantize.web.place import TIMED_THREADS, InWebAssembly
from edgebert.quantize.web.wasm import Times
from edgebert.records.made import MIXTURE, ParetoPoint
from edgebert.records.manifest import Drift, Web, WebCandidate


class WebCandidates:
    """The mixtures that a search has measured, timed as whole graphs when they are asked for.

    Args:
        place: runs them.
        original: the float bundle.
        recipes: of its graph.
        found: the search; None where a scheme is named, or there is nothing to choose.
        scheme: what was asked for.
        scratch: a folder for graphs.
    """

    def __init__(
        self,
        place: InWebAssembly,
        original: Bundle,
        recipes: Recipes,
        found: Search | None,
        scheme: str,
        scratch: Path,
    ) -> None:
        self._place, self._original, self._recipes = place, original, recipes
        self._found, self._scheme, self._scratch = found, scheme, scratch
        self._timed: list[Candidate] = []
        self._float_p50_ms: float | None = None

    def proposals(self) -> Iterator[Proposal]:
        """Mixtures in the order in which they are to be tried, then what a search goes on with."""
        tried: list[Plan] = []
        if self._found:
            self._time(self._found)
            for one in in_order(self._timed, self._found.allowed):
                tried.append(one.plan)
                yield Proposal(dict(one.plan), one.name)
        for further in proposals_of(self._recipes, self._scheme, self._found):
            if further.plan not in tried:
                yield further

    def describe(self, made: Made, drift: Drift) -> Web:
        """What manifest and record say of WebAssembly.

        Args:
            made: what was written.
            drift: how far that is from its floats there.
        """
        name = made.proposal.name
        told = {one.name: (one.drift.mean, _p50(one.ms)) for one in self._timed}
        if name not in told:
            rounds = self._rounds({name: made.model.files.model_path})
            told[name] = (drift.mean, _p50(rounds[name]))
        return Web(
            onnxruntime_web=self._place.runtime.onnxruntime_web,
            node=self._place.runtime.node,
            threads=TIMED_THREADS,
            drift=drift,
            float_p50_ms=self._float_p50_ms,
            candidates=tuple(
                WebCandidate(_label(one, name), *told[one], one == name and not made.failures)
                for one in told
            ),
        )

    def _time(self, found: Search) -> None:
        mixtures = {
            name: (self._recipes.possible(plan), drift) for name, plan, drift in _mixtures(found)
        }
        graphs = {name: self._scratch / f"web-{i}.onnx" for i, name in enumerate(mixtures)}
        for name, (plan, _) in mixtures.items():
            self._recipes.write(plan, graphs[name])
        self._timed = [
            Candidate(name, *mixtures[name], ms) for name, ms in self._rounds(graphs).items()
        ]

    def _rounds(self, graphs: dict[str, Path]) -> dict[str, Times]:
        """Times of graphs, beside which the floats take their turns where they fit."""
        tokens = min(TOKENS, self._original.manifest.max_length)
        with suppress(BundleError):  # no room for floats: there may be enough without them
            beside = graphs | {FLOAT: self._original.model_path}
            rounds = self._place.rounds(beside, tokens=tokens)
            self._float_p50_ms = _p50(rounds.pop(FLOAT))
            return rounds
        return self._place.rounds(graphs, tokens=tokens)


def web_points(web: Web) -> tuple[ParetoPoint, ...]:
    """The candidates as a record tells them."""
    return tuple(
        ParetoPoint(one.drift, one.p50_ms, one.name, chosen=one.chosen) for one in web.candidates
    )


def _p50(ms: Times) -> float:
    """The median run, in three digits."""
    return float(f"{np.median(ms):.3g}")


def _label(name: str, made: str) -> str:
    """A search numbers its mixtures; the one that was written goes by the scheme's name."""
    return AUTO if name == made and name.startswith(MIXTURE) else name


def _mixtures(found: Search) -> Iterator[tuple[str, Plan, MixtureDrift]]:
    """Those that were measured, by their names; the same one once."""
    names = found.sweep[0].plan.keys()
    told: list[Plan] = []
    for form, drift in found.schemes.items():
        told.append(dict.fromkeys(names, form))
        yield form, told[-1], drift
    for step, drift in sorted(found.measured.items()):
        plan = found.sweep[step].plan
        if plan not in told and {*plan.values()} != {FLOAT}:
            told.append(plan)
            yield mixture_name(step), plan, drift
