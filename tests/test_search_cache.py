"""What a search has measured is known to the next one, however the first one ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgebert.quantize.search.mixture_drift import MixtureDrift
from edgebert.quantize.search.search_cache import SearchCache

NEAR, FAR = MixtureDrift(0.001, 0.004, None), MixtureDrift(0.02, 0.05, 0.01)
ONE, OTHER = {"a": "token", "b": "static"}, {"a": "token", "b": "token"}

pytestmark = pytest.mark.usefixtures("own_cache")


def unmeasured() -> MixtureDrift:
    raise AssertionError("it was measured again")


def test_a_mixture_is_measured_once_however_it_is_listed() -> None:
    assert SearchCache("once").remember(ONE, lambda: NEAR) == NEAR
    listed_otherwise = {"c": "float", "b": "static", "a": "token"}
    assert SearchCache("once").remember(listed_otherwise, unmeasured) == NEAR
    assert SearchCache("once").remember(OTHER, lambda: FAR) == FAR


def test_another_search_has_a_cache_of_its_own() -> None:
    SearchCache("one search").remember(ONE, lambda: NEAR)
    assert SearchCache("another search").remember(ONE, lambda: FAR) == FAR


@pytest.mark.parametrize(
    "cut", [b"", b"{", b'{"mixture": "it was killed wh', b'{"mixture": "x"}', b"[]", b'{"mix\xff']
)
def test_a_line_that_was_cut_off_costs_no_other_line(cut: bytes) -> None:
    about = f"cut {cut!r}"
    first = SearchCache(about)
    first.remember(ONE, lambda: NEAR)
    with first.path.open("ab") as file:
        file.write(b"\n" + cut)
    SearchCache(about).remember(OTHER, lambda: FAR)
    last = SearchCache(about)
    assert last.remember(ONE, unmeasured) == NEAR
    assert last.remember(OTHER, unmeasured) == FAR


def test_a_finished_search_leaves_no_cache() -> None:
    cache = SearchCache("finished")
    cache.remember(ONE, lambda: NEAR)
    cache.close()
    assert not cache.path.exists()
    assert SearchCache("finished").remember(ONE, lambda: FAR) == FAR


def test_a_cache_that_cannot_be_written_stops_no_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    cache = SearchCache("nowhere")
    assert cache.remember(ONE, lambda: NEAR) == NEAR
    assert cache.remember(ONE, unmeasured) == NEAR
    cache.close()
