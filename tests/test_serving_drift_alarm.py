"""An alarm says that a promise is broken, and hardly ever for nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from record_samples import LIVE

from edgebert.serving.drift.certainty import FEWEST_TEXTS, mean_at_least, rate_at_least
from edgebert.serving.drift.findings import NEWEST, Findings, Promised
from edgebert.serving.drift.moved import Moved
from edgebert.serving.drift.page import page

PROMISED = Promised({"max_drift": 0.002, "max_flips": 0.02}, "manifest")


def distances(mean: float, n: int, seed: int) -> list[float]:
    """Distances as texts have them: most are small, and a few are far off."""
    random = np.random.default_rng(seed)
    return list(random.lognormal(np.log(mean) - 0.5, 1.0, n))


def alarms(found: Findings, some: list[Moved]) -> list[tuple[int, str, bool]]:
    """After how many texts which promise was broken, or kept again."""
    told = ((place, promise) for place, one in enumerate(some, 1) for promise in found.add(one))
    return [(place, promise.name, promise.beyond) for place, promise in told]


def test_a_bundle_just_within_its_promise_raises_no_alarm() -> None:
    for seed in range(6):
        some = [Moved(d, 0, 0, None) for d in distances(0.00195, 1500, seed)]
        assert alarms(Findings(PROMISED), some) == []


def test_a_bundle_beyond_its_promise_raises_it_soon_and_once() -> None:
    for seed in range(6):
        some = [Moved(d, 0, 0, None) for d in distances(0.004, 1500, seed)]
        ((place, name, beyond),) = alarms(Findings(PROMISED), some)
        assert FEWEST_TEXTS <= place < 700 and (name, beyond) == ("max_drift", True)


def test_of_fewer_texts_nobody_knows() -> None:
    some = [Moved(1.0, 1, 1, None)] * (FEWEST_TEXTS - 1)
    assert alarms(Findings(PROMISED), some) == []


def test_what_was_asked_long_ago_does_not_hide_what_is_asked_now() -> None:
    found = Findings(PROMISED)
    before = [Moved(d, 0, 1, None) for d in distances(0.001, 7 * NEWEST, 1)]
    now = [Moved(d, 0, 1, None) for d in distances(0.006, NEWEST, 2)]
    after = [Moved(d, 0, 1, None) for d in distances(0.001, int(1.5 * NEWEST), 3)]
    assert alarms(found, before) == []
    ((place, name, beyond),) = alarms(found, now)
    assert place < 900 and (name, beyond) == ("max_drift", True)
    ((place, name, beyond),) = alarms(found, after)
    assert 0 < place < NEWEST + 100 and (name, beyond) == ("max_drift", False)
    record = found.record()
    assert record is not None and record.n == len(before) + len(now) + len(after)
    assert len(record.periods) == 60 < record.n / 100  # memory does not grow with the texts


def test_changed_labels_are_held_by_an_exact_interval() -> None:
    def flips(rate: float, n: int, seed: int) -> list[Moved]:
        changed = np.random.default_rng(seed).random(n) < rate
        return [Moved(0.0, int(one), 1, None) for one in changed]

    for seed in range(3):
        assert alarms(Findings(PROMISED), flips(0.019, 1500, seed)) == []
        ((place, name, beyond),) = alarms(Findings(PROMISED), flips(0.08, 700, seed))
        assert place < 600 and (name, beyond) == ("max_flips", True)


def test_labels_of_tokens_that_change_together_count_for_less() -> None:
    decisions = np.full(200, 30)
    together = np.where(np.arange(200) % 10 == 0, 10, 0)  # ten of thirty, in each tenth text
    apart = np.ones(200, np.int64)
    assert together.sum() / decisions.sum() == apart.sum() / decisions.sum() == 1 / 30
    clustered, spread = rate_at_least(together, decisions), rate_at_least(apart, decisions)
    assert 0 < clustered < spread < 1 / 30
    every = np.ones(50, np.int64)
    assert 0.7 < rate_at_least(every, every) < 1.0 and rate_at_least(0 * every, every) == 0.0


def test_a_mean_is_almost_certainly_above_what_is_told() -> None:
    for seed in range(300):
        assert mean_at_least(np.asarray(distances(0.003, 60, seed))) < 0.003
    assert mean_at_least(np.asarray([0.5])) == 0.0
    assert mean_at_least(np.full(100, 0.25)) == pytest.approx(0.25)


@pytest.mark.parametrize("distance", [0.0, 2.0])
def test_the_page_shows_texts_at_either_end(distance: float) -> None:
    found = Findings(PROMISED)
    alarms(found, [Moved(distance, 0, 0, None)] * 60)
    (model, _lone) = LIVE.models
    text = page(replace(LIVE, models=(replace(model, compared=found.record()),)))
    assert text.count("<svg") == 2 and "nan" not in text and "inf" not in text
    assert ("✓ Keeps its promise" in text) == (distance == 0)
    numbers = [float(value) for value in re.findall(r' (?:x|y|width|height)="([-\d.]+)"', text)]
    assert numbers and all(0 <= number <= 340 for number in numbers)
