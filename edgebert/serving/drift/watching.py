"""Watches the bundles of a server: by texts that are asked, and by golden ones when nobody asks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from edgebert.errors import EdgebertError
from edgebert.records.live_drift import LiveDriftRecord, LivePromise
from edgebert.serving.drift.asked_texts import Asked, AskedText, drawn
from edgebert.serving.drift.background import Background
from edgebert.serving.drift.comparer import Comparer, EndedError
from edgebert.serving.drift.metrics import DriftMetrics
from edgebert.serving.drift.watched import Watched
from edgebert.serving.metrics import Metrics
from edgebert.serving.models import ServedModel

_log = logging.getLogger("edgebert.serving")
_MOST_WAITING = 64
_IDLE_S = 5.0
_GOLDEN_EVERY_S = 3600.0


class DriftWatch:
    """All that is known of how far served bundles drift.

    Args:
        references: paths of the float bundles, by the name of what they are for.
        share: of texts that are compared.
        metrics: of the server.
        waiting: how many tokens wait for their run.
    """

    def __init__(
        self,
        references: Mapping[str, Path],
        share: float,
        metrics: Metrics,
        waiting: Callable[[], int],
    ) -> None:
        self._references = references
        self._share = share
        self._metrics = metrics
        self._counted = DriftMetrics(metrics.registry)
        self._waiting = waiting
        self._watched: dict[str, Watched] = {}
        self._closed = False
        self._last_request = self._last_golden = time.monotonic()
        self._comparer = Comparer()
        self._background = Background(_MOST_WAITING, self._prove_when_idle, _IDLE_S)

    def watch(self, served: ServedModel) -> None:
        """Watch a bundle, whose golden texts just came out right, in the place of one before.

        It takes as long as its reference takes to load; without that, which is logged, golden texts
        are watched alone.
        """
        try:
            watched = self._watched[served.name] = Watched.just_proved(served)
        except EdgebertError as error:
            _log.error("%s is not watched: %s", served.name, " ".join(str(error).split()))
            return
        self._background.start()
        if served.name in self._references:
            self._counted.begin(served.name)
            self._open(watched, self._references[served.name])

    def answered(self, asked: Iterable[Asked]) -> None:
        """Draw some texts of those that a client just got its answers to."""
        for one in asked:
            self._last_request = time.monotonic()
            watched = self._watched.get(one.served.name)
            if watched is None or watched.findings is None or watched.trouble:
                continue
            for text in drawn(one, self._share):
                if not self._background.may(partial(self._compare, watched, text)):
                    self._skip(watched)

    def record(self) -> LiveDriftRecord:
        """What is known of all bundles."""
        watched = list(self._watched.values())
        return LiveDriftRecord(
            models=tuple(
                one.record(self._share if one.served.name in self._references else 0.0)
                for one in watched
            )
        )

    def close(self) -> None:
        """End, and forget what waits."""
        self._closed = True
        self._comparer.close()
        self._background.close()

    def _open(self, watched: Watched, path: Path) -> None:
        served = watched.served
        try:
            watched.begin(self._comparer.open(served.name, served.model, path))
        except EdgebertError as error:
            self._give_up(watched, " ".join(str(error).split()), path)
            return
        _log.info(
            "%g %% of the texts of %s are compared with %s", 100 * self._share, served.name, path
        )

    def _give_up(self, watched: Watched, why: str, path: Path) -> None:
        watched.trouble = watched.served.told(why).replace(str(path), "the reference")
        if not self._closed:
            _log.error("%s is not compared with its reference: %s", watched.served.name, why)

    def _compare(self, watched: Watched, text: AskedText) -> None:
        name = watched.served.name
        if watched.findings is None or watched.trouble or self._watched[name] is not watched:
            self._skip(watched)  # another bundle took its place meanwhile, or nothing compares
            return
        try:
            allowed = text.allow_no_answer
            found = self._comparer.compare(name, text.read(), allow_no_answer=allowed)
        except EndedError as error:
            self._give_up(watched, str(error), self._references[name])
            return
        except EdgebertError:  # its message may tell of the text
            watched.failed += 1
            return
        self._counted.compared(name, found)
        for promise in watched.findings.add(found):
            self._tell(watched, promise)

    def _skip(self, watched: Watched) -> None:
        watched.skipped += 1
        self._counted.skipped(watched.served.name)

    def _tell(self, watched: Watched, promise: LivePromise) -> None:
        name = watched.served.name
        figures = f"{promise.name} is {promise.value:.3g}, promised {promise.bound:.3g}"
        if promise.beyond:
            _log.warning("%s drifts beyond its promise: %s: see /drift", name, figures)
        else:
            _log.info("%s keeps its promise again: %s", name, figures)
        record = watched.record(self._share)
        self._counted.beyond(name, broken=record.beyond)

    def _prove_when_idle(self) -> None:
        now = time.monotonic()
        idle = now - self._last_request >= _IDLE_S and not self._waiting()
        if now - self._last_golden < _GOLDEN_EVERY_S or not idle:
            return
        for watched in list(self._watched.values()):
            self._prove(watched)
        self._last_golden = time.monotonic()

    def _prove(self, watched: Watched) -> None:
        name, state = watched.served.name, watched.prove()
        self._metrics.golden(name, ok=state.passed)
        if state.passed:
            _log.info("golden texts of %s come out as promised", name)
        else:
            found = f"{state.failed} of {state.texts}"
            _log.error("%s golden texts of %s do not come out as promised", found, name)
