"""What a search has measured so far, kept so that a search that was killed goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict

from edgebert.json_files import parse
from edgebert.onnx_graph.parts import FLOAT
from edgebert.quantize.forms.recipes import Plan
from edgebert.quantize.search.mixture_drift import MixtureDrift
from edgebert.user_cache import user_cache


class SearchCache:
    """Measurements of mixtures, in a file of the user's cache that a finished search removes.

    Args:
        about: everything that a measurement depends on but the mixture itself.
    """

    def __init__(self, about: str) -> None:
        name = hashlib.sha256(about.encode()).hexdigest()[:32]
        self.path = user_cache("search") / f"{name}.jsonl"
        self._known = self._read()

    def remember(
        self, plan: Plan, measure: Callable[[], MixtureDrift], *, few: bool = False
    ) -> MixtureDrift:
        """What was measured of a mixture, or what `measure` says now.

        Args:
            plan: the mixture.
            measure: measures it.
            few: whether on few texts, as groups alone are.
        """
        key = _key(plan, few=few)
        if key not in self._known:
            self._known[key] = measure()
            self._write(key, self._known[key])
        return self._known[key]

    def close(self) -> None:
        """The search is done."""
        with suppress(OSError):  # where nothing could be written either
            self.path.unlink()

    def _read(self) -> dict[str, MixtureDrift]:
        known: dict[str, MixtureDrift] = {}
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return {}
        for line in lines:
            try:
                entry = parse(line)
                mixture = str(entry.pop("mixture"))
                known[mixture] = MixtureDrift(**entry)
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # a line that was being written when the search was killed
        return known

    def _write(self, key: str, drift: MixtureDrift) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                # a line begins with its break: one that was cut off before it spoils no other
                file.write("\n" + json.dumps({"mixture": key, **asdict(drift)}))
        except OSError:
            return  # a read-only home starts again


def _key(plan: Plan, *, few: bool) -> str:
    quantized = sorted((name, form) for name, form in plan.items() if form != FLOAT)
    return hashlib.sha256(json.dumps([quantized, few]).encode()).hexdigest()[:32]
