"""Answers held to those that were written down."""

from __future__ import annotations

from typing import Any

import pytest


def require_near(found: Any, saved: Any, tolerance: float, where: str) -> None:
    """Numbers may be off by rounding; texts, places and labels may not."""
    if isinstance(saved, dict):
        assert found.keys() == saved.keys(), where
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
