"""Bundles that `optimize` made of other tools' exports, in int8."""

from __future__ import annotations

from pathlib import Path

import pytest
from int8_models import (
    STATIC,
    TOKEN,
    Make,
    each,
    maker,
    mean_cosine,
    require_int8_throughout,
)

from edgebert.doctor import examine
from edgebert.export import optimize_export
from edgebert.quantize import QuantizeOptions

FOREIGN = Path(__file__).parent / "fixtures" / "foreign"


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    def floats(name: str) -> Path:
        output = tmp_path_factory.mktemp("optimized") / name
        optimize_export(FOREIGN / name, output)
        return output

    return maker(floats, tmp_path_factory)


@pytest.mark.parametrize(
    ("name", "options"),
    each(dict.fromkeys(("sentence-transformers", "transformers-js"), (TOKEN, STATIC))),
)
def test_what_another_tool_exported_becomes_int8(
    name: str, options: QuantizeOptions, make: Make
) -> None:
    made = make(name, options)
    require_int8_throughout(made)
    assert mean_cosine(made) > 0.99
    assert examine(made.bundle).passed
