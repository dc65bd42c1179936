"""A share of what is asked is compared with the float bundle, and what that finds is told."""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from int8_models import sentences
from record_samples import words
from served import Here, served_here
from watched import found_of, other_weights, watched_here

from edgebert.cli import main
from edgebert.data import Examples
from edgebert.drift import check
from edgebert.drift.comparing import Comparison, compare
from edgebert.measures import Thresholds
from edgebert.runtimes import load
from edgebert.serving.drift.asked_texts import Asked, drawn

HEADS = ("labels", "order", "names", "words", "answers", "sparse")


def asked_for(here: Here, texts: list[str], size: int = 8) -> None:
    for first in range(0, len(texts), size):
        assert here.post("/embed", {"inputs": texts[first : first + size]}).status == 200
        found_of(here, first + len(texts[first : first + size]))


def metric(here: Here, name: str) -> float:
    (value,) = re.findall(
        rf"^{re.escape(name)} (\S+)$", here.get("/metrics").body.decode(), re.MULTILINE
    )
    return float(value)


def test_distances_are_those_of_a_check(tiny_bundle: Path, tiny_int8: Path, tmp_path: Path) -> None:
    texts = [*sentences(60, seed=4), "", "lamp " * 200, "café, 灯"]
    with watched_here({"m": tiny_int8}, {"": tiny_bundle}) as here:
        asked_for(here, texts)
        found = found_of(here, len(texts)).compared
        counted = metric(here, 'edgebert_shadow_distance_count{model="m"}')
        summed = metric(here, 'edgebert_shadow_distance_sum{model="m"}')
    data = tmp_path / "texts.jsonl"
    data.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    record = check(tiny_bundle, tiny_int8, data, thresholds=Thresholds(max_drift=2))
    assert found is not None and found.n == record.n == counted == len(texts)
    assert found.distance_mean == pytest.approx(record.distance_mean, rel=1e-12)
    assert summed == pytest.approx(record.n * record.distance_mean, rel=1e-12)
    assert found.distance_max == record.worst[0].distance
    assert found.histogram == record.histogram
    assert (found.flips, found.decisions, found.changes) == (None, None, ())
    (held,) = found.promises
    assert (held.name, held.source) == ("max_drift", "manifest")
    assert sum(period.n for period in found.periods) == len(texts)


@pytest.fixture(scope="module")
def references(
    tiny_classifier_bundle: Path,
    tiny_reranker_bundle: Path,
    tiny_tagger_bundle: Path,
    tiny_filler_bundle: Path,
    tiny_reader_bundle: Path,
    tiny_splade_bundle: Path,
) -> dict[str, Path]:
    paths = (
        *(tiny_classifier_bundle, tiny_reranker_bundle, tiny_tagger_bundle),
        *(tiny_filler_bundle, tiny_reader_bundle, tiny_splade_bundle),
    )
    return dict(zip(HEADS, paths, strict=True))


@pytest.fixture(scope="module")
def moved(references: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("moved")
    return {name: other_weights(path, folder / name) for name, path in references.items()}


@pytest.fixture(scope="module")
def here(moved: dict[str, Path], references: dict[str, Path]) -> Iterator[Here]:
    with watched_here(moved, references) as served:
        yield served


TEXTS = sentences(24, seed=9)
PAIRS = [[TEXTS[i], TEXTS[-i]] for i in range(1, 9)]
ASKED: dict[str, tuple[str, Any, list[Any]]] = {
    "labels": (
        "/classify",
        {"texts": [*TEXTS, *PAIRS]},
        [*TEXTS, *(tuple(pair) for pair in PAIRS)],
    ),
    "order": (
        "/rerank",
        {"query": "turn the lamp on", "texts": TEXTS},
        [("turn the lamp on", text) for text in TEXTS],
    ),
    "names": ("/tag", {"texts": TEXTS}, TEXTS),
    "words": (
        "/fill_mask",
        {"texts": [f"{text} [MASK]" for text in TEXTS]},
        [f"{text} [MASK]" for text in TEXTS],
    ),
    "answers": (
        "/answer",
        {"question": "is the lamp on ?", "context": TEXTS},
        [("is the lamp on ?", text) for text in TEXTS],
    ),
    "sparse": ("/embed_sparse", {"inputs": TEXTS}, TEXTS),
}


@pytest.mark.parametrize("name", HEADS)
def test_each_task_is_compared_by_its_own_measure(
    here: Here, references: dict[str, Path], moved: dict[str, Path], name: str
) -> None:
    path, body, texts = ASKED[name]
    assert here.post(f"/models/{name}{path}", body).status == 200
    found = found_of(here, len(texts), name)
    with load(references[name]) as reference, load(moved[name]) as live:
        expected = compare(reference, live, Examples(Path("asked"), tuple(texts)))
    compared = found.compared
    assert compared is not None and (compared.n, found.skipped, found.failed) == (len(texts), 0, 0)
    assert compared.distance_mean == pytest.approx(expected.distance_mean, rel=1e-5, abs=1e-9)
    assert compared.distance_mean > 1e-3 or name == "answers"
    if expected.labels is None:
        assert compared.flips is None
    else:
        assert (compared.flips, compared.decisions) == (expected.labels.flips, expected.labels.n)
    if name == "labels":
        assert {(c.reference, c.live): c.n for c in compared.changes} == changes(expected, here)


def changes(expected: Comparison, here: Here) -> dict[tuple[str, str], int]:
    """Which labels became which, counted from the logits of both sides."""
    names = here.server.served.named("labels", "classify").model.labels
    assert expected.before.outputs is not None and expected.after.outputs is not None
    counted: dict[tuple[str, str], int] = {}
    for a, b in zip(expected.before.outputs, expected.after.outputs, strict=True):
        pair = (names[int(a.argmax())], names[int(b.argmax())])
        if pair[0] != pair[1]:
            counted[pair] = counted.get(pair, 0) + 1
    assert counted, "the weights should be so far off that labels change"
    return counted


def test_a_bundle_that_drifts_raises_the_alarm_once(
    tiny_bundle: Path, tiny_int8: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edgebert.serving")
    other = other_weights(tiny_bundle, tmp_path / "other", spread=0.5)
    with watched_here({"m": tiny_int8}, {"m": other}) as here:
        asked_for(here, sentences(40, seed=2))
        assert not found_of(here, 40).beyond  # of so few texts nobody knows
        assert metric(here, 'edgebert_shadow_beyond_promise{model="m"}') == 0
        asked_for(here, sentences(80, seed=3))
        found = found_of(here, 120)
        assert metric(here, 'edgebert_shadow_beyond_promise{model="m"}') == 1
        page = here.get("/drift").body.decode()
        saved = tmp_path / "drift.json"
        saved.write_bytes(here.get("/drift.json").body)
    assert found.beyond and found.compared is not None
    (held,) = found.compared.promises
    assert held.value > held.at_least > held.bound and held.texts == 120
    warnings = [line.message for line in caplog.records if line.levelno >= logging.WARNING]
    assert len(warnings) == 1 and warnings[0].startswith(
        "m drifts beyond its promise: max_drift is"
    )
    assert "✗ Beyond its promise" in words(page)
    result = CliRunner().invoke(main, ["report", str(saved), "-o", str(tmp_path / "page.html")])
    assert result.exit_code == 0, result.output
    told = words((tmp_path / "page.html").read_text("utf-8"))
    assert "1 of 2 gates failed" in told and "live m" in told and "✗ broken" in told


def test_what_comes_faster_than_it_can_be_compared_is_shed_and_counted(
    tiny_bundle: Path, tiny_int8: Path
) -> None:
    texts = sentences(600, seed=5)
    with watched_here({"m": tiny_int8}, {"": tiny_bundle}) as here:
        assert here.post("/embed", {"inputs": texts}).status == 200
        found = found_of(here, len(texts))
        skipped = metric(here, 'edgebert_shadow_skipped_total{model="m"}')
    assert found.compared is not None
    assert found.compared.n + found.skipped == len(texts) and found.failed == 0
    assert found.skipped == skipped > 0 and found.compared.n >= 64


def test_texts_are_drawn_with_the_same_chance_each(tiny_int8: Path) -> None:
    random.seed(5)
    texts = sentences(2000, seed=6)
    with served_here({"m": tiny_int8}) as here:
        (served,) = here.server.served
        asked = Asked(served, "embed", (texts,), {"prompt": None}, len(texts))
        chosen = [text.read() for text in drawn(asked, 0.1)]
        assert drawn(asked, 0.0) == []
        assert [text.read() for text in drawn(asked, 1.0)] == texts
        pair = Asked(served, "similarity", ("a lamp", ["the fan", "a light"]), {}, 3)
        assert [text.read() for text in drawn(pair, 1.0)] == ["a lamp", "the fan", "a light"]
    assert 140 < len(chosen) < 260
    places = [texts.index(str(text)) for text in chosen]
    assert 70 < sum(place < 1000 for place in places) < 130


def test_no_text_is_told_anywhere(
    tiny_bundle: Path, tiny_int8: Path, tiny_tagger_bundle: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "berlin kitchen xyzzy 灯"
    served = {"m": tiny_int8, "tags": tiny_tagger_bundle}
    with watched_here(served, {"m": tiny_bundle}) as here:
        for body in ({"inputs": [secret] * 30}, {"inputs": secret}):
            assert here.post("/models/m/embed", body).status == 200
        assert here.post("/models/tags/tag", {"texts": secret}).status == 200
        live = here.server.served.named("m", "embed")
        broken = Asked(live, "embed", ([secret, 7],), {"prompt": None}, 2)
        here.server.drift.answered([broken])  # no route lets this come so far
        found = found_of(here, 33, "m")
        told = [here.get(path).body.decode() for path in ("/drift", "/drift.json", "/metrics")]
    assert found.failed == 1
    told += [line.getMessage() + str(line.__dict__) for line in caplog.records]
    assert len(told) > 4
    for word in ("berlin", "kitchen", "xyzzy", "灯"):
        assert not any(word in one for one in told)


def test_the_page_asks_nobody_for_anything(tiny_bundle: Path, tiny_int8: Path) -> None:
    with watched_here({"m<1>": tiny_int8, "alone": tiny_bundle}, {"m<1>": tiny_bundle}) as here:
        assert here.post("/models/m<1>/embed", {"inputs": sentences(60, seed=7)}).status == 200
        found_of(here, 60, "m<1>")
        answered = here.get("/drift")
    page = answered.body.decode()
    assert answered.headers["content-type"].startswith("text/html")
    assert answered.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"https?:|\bsrc=|<script|<link|url\(|@import", page)
    assert "m&lt;1&gt;" in page and "m<1>" not in page
    shown = words(page)
    assert "✓ Keeps its promise" in shown and "60 texts" in page
    assert "Not compared: start with --reference BUNDLE" in shown
    assert page.count("<svg") == 2 and "nan" not in page
