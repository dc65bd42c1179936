"""What clients in other languages are held to is what this one answers: see fixtures/make_targets.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bundle_answers import TEXTS, answers_of, plain

import edgebert

TARGETS = Path(__file__).parent / "fixtures" / "targets"

SAME_ROUNDING = {"gpu": 2e-3}
"""Distance of numbers that are alike, where it is more than seven digits leave: sums of fp16."""


def require_near(found: Any, saved: Any, tolerance: float, where: str) -> None:
    """Numbers may be off by rounding; texts, places and labels may not."""
    if isinstance(saved, dict):
        for key in saved:
            require_near(found[key], saved[key], tolerance, f"{where}, {key}")
    elif isinstance(saved, list):
        assert len(found) == len(saved), where
        for place, (one, other) in enumerate(zip(found, saved, strict=True)):
            require_near(one, other, tolerance, f"{where}, {place}")
    elif isinstance(saved, float):
        assert found == pytest.approx(saved, rel=tolerance, abs=tolerance), where
    else:
        assert found == saved, where


@pytest.mark.parametrize("name", sorted(path.name for path in (TARGETS / "bundles").iterdir()))
def test_a_bundle_answers_as_is_written(name: str) -> None:
    saved = json.loads((TARGETS / "answers" / f"{name}.json").read_text(encoding="utf-8"))
    with edgebert.load(TARGETS / "bundles" / name, threads=1, kernels="off") as model:
        if model.task == "sparse-embedding":
            texts = list(TEXTS)
            found = {
                "embed_sparse": plain(model.embed_sparse(texts)),
                "embed_sparse whole texts": plain(model.embed_sparse(texts, long_text="mean")),
                "search": plain(model.search(texts[:3], texts, k=4)),
                "count_tokens": plain(model.count_tokens(texts)),
            }
        else:
            found = answers_of(model)
        require_near(
            found | {"fingerprint": model.fingerprint}, saved, SAME_ROUNDING.get(name, 2e-6), name
        )
