"""What `typing_api.py` claims of the public face is what a type checker finds, error by error."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CLAIMS = HERE / "typing_api.py"
ROOT = HERE.parent


def found_in(claims: Path) -> str:
    """What mypy says of a file, strictly, unused ignores included."""
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", claims],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


def test_a_checker_knows_one_answer_from_many() -> None:
    assert found_in(CLAIMS).startswith("Success")


@pytest.mark.parametrize(
    ("claim", "other", "told"),
    [
        ("classify(LIST), list[Classification]", "classify(LIST), Classification", "assert-type"),
        ("model.embed(3)  # type: ignore[call-overload]", "model.embed(3)", "call-overload"),
        ("model.embed([3])  #", "model.embed(LIST)  #", "unused-ignore"),
    ],
)
def test_another_claim_is_an_error(claim: str, other: str, told: str, tmp_path: Path) -> None:
    changed = Path(shutil.copy(CLAIMS, tmp_path / "claims.py"))
    text = changed.read_text()
    assert claim in text
    changed.write_text(text.replace(claim, other))
    found = found_in(changed)
    assert told in found
    assert "Found 1 error" in found
