"""What clients in other languages are held to is what this one answers: see fixtures/make_targets.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bundle_answers import answers_to_keep
from near_answers import require_near

import edgebert

TARGETS = Path(__file__).parent / "fixtures" / "targets"

SAME_ROUNDING = {"gpu": 2e-3}
"""Distance of numbers that are alike, where it is more than seven digits leave: sums of fp16."""


@pytest.mark.parametrize("name", sorted(path.name for path in (TARGETS / "bundles").iterdir()))
def test_a_bundle_answers_as_is_written(name: str) -> None:
    saved = json.loads((TARGETS / "answers" / f"{name}.json").read_text(encoding="utf-8"))
    with edgebert.load(TARGETS / "bundles" / name, threads=1, kernels="off") as model:
        found = answers_to_keep(model)
    require_near(found, saved, SAME_ROUNDING.get(name, 2e-6), name)
