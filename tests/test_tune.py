"""`edgebert tune`: the machine is measured once, every load takes the winner, no answer changes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edgebert.bundle import open_bundle
from edgebert.cli import main
from edgebert.errors import InputError
from edgebert.latency import tune, tuning
from edgebert.records.profile import Profile, one_caller, untuned
from edgebert.records.tuned import MANY_TEXTS, ONE_TEXT
from edgebert.report.tuned import threads_alone
from edgebert.runtimes import load
from edgebert.runtimes.sessions.profiles import (
    profile_file,
    profile_for,
    save_profile,
    short_tokens,
)

OTHER = Profile(callers=1, caller_threads=2, threads=1, spinning=False, tokens_per_run=256)


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own, and passes that are too short to tell anything."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tuning, "_PASS_SECONDS", 0.01)
    monkeypatch.setattr(tuning, "_RACE_SECONDS", 0.5)


def save(profile: Profile, bundle: Path, threads: int = 2) -> Path:
    file = save_profile(profile, open_bundle(bundle), provider="auto", threads=threads)
    assert file is not None
    return file


def as_it_comes(bundle: Path) -> Profile:
    return untuned(2, short_tokens(open_bundle(bundle)))


def test_load_takes_the_winner_and_answers_the_same(tiny_int8: Path) -> None:
    texts = ["turn on the lamp", "off", "anna is in paris"] * 30
    expected = load(tiny_int8, threads=2).embed(texts)
    record = tune(tiny_int8, threads=2)
    assert record.kept_in == str(profile_file(open_bundle(tiny_int8)))
    model = load(tiny_int8, threads=2)
    assert model.engine.profile == record.profile
    assert np.array_equal(model.embed(texts), expected)
    save(OTHER, tiny_int8)
    tuned = load(tiny_int8, threads=2)
    assert tuned.engine.profile == OTHER
    assert np.array_equal(tuned.embed(texts), expected)


def test_the_record_tells_all_that_was_tried(tiny_int8: Path) -> None:
    record = tune(tiny_int8, threads=4)
    many = {t.profile for t in record.tried if t.use == MANY_TEXTS}
    splits = {(p.callers, p.caller_threads) for p in many}
    assert {(4, 1), (2, 2), (1, 4), (2, 1)} >= splits >= {(4, 1)}
    assert all(t.ms > 0 for t in record.tried)
    assert any(t.use == ONE_TEXT and t.profile == record.profile for t in record.tried)
    assert min(record.faster.values()) >= 1.0


def test_a_bundle_that_answers_by_batch_keeps_its_batches(tiny_dynamic_int8: Path) -> None:
    record = tune(tiny_dynamic_int8, threads=2)
    assert {t.profile.tokens_per_run for t in record.tried} == {untuned(2).tokens_per_run}


def test_what_is_not_clearly_faster_does_not_win(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = replace(untuned(2), tokens_per_run=256), replace(untuned(2), tokens_per_run=1024)
    clock = {untuned(2): 1.0, near: 0.98, far: 0.9}
    now = 0.0

    def run(profile: Profile) -> None:
        nonlocal now
        now += clock[profile]

    monkeypatch.setattr("edgebert.latency.tuning.time.perf_counter", lambda: now)
    assert tuning._race([untuned(2), near], run)[0] == untuned(2)
    assert tuning._race([untuned(2), near, far], run)[0] == far


def test_a_profile_holds_for_its_cores_provider_and_bundle(
    tiny_int8: Path, tiny_bundle: Path
) -> None:
    save(OTHER, tiny_int8, threads=2)
    save(replace(OTHER, threads=3), tiny_int8, threads=3)
    bundle = open_bundle(tiny_int8)
    assert profile_for(bundle, provider="auto", threads=2) == OTHER
    assert profile_for(bundle, provider="auto", threads=3).threads == 3
    assert profile_for(bundle, provider="cpu", threads=2) == OTHER  # which `auto` stands for
    assert profile_for(bundle, provider="openvino", threads=2) == one_caller(2)
    assert profile_for(open_bundle(tiny_bundle), provider="auto", threads=2) == untuned(2)


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"a": 1}', '{"a": {"callers": 0}}', "\x00\xff", '{"a": {"callers": "x"}}'],
)
def test_a_damaged_profile_is_none(tiny_int8: Path, content: str) -> None:
    file = save(OTHER, tiny_int8)
    file.write_text(content, encoding="latin-1")
    assert load(tiny_int8, threads=2).engine.profile == as_it_comes(tiny_int8)
    save(OTHER, tiny_int8)
    assert load(tiny_int8, threads=2).engine.profile == OTHER


def test_a_profile_that_counts_to_nothing_is_none(tiny_int8: Path) -> None:
    save(replace(OTHER, callers=0), tiny_int8)
    assert load(tiny_int8, threads=2).engine.profile == as_it_comes(tiny_int8)


def test_a_profile_with_short_texts_of_fewer_tokens_than_none_is_none(tiny_int8: Path) -> None:
    save(replace(OTHER, short_tokens=-1), tiny_int8)
    assert load(tiny_int8, threads=2).engine.profile == as_it_comes(tiny_int8)


def test_a_profile_from_before_there_were_short_texts_has_none(tiny_int8: Path) -> None:
    file = save(OTHER, tiny_int8)
    file.write_text(re.sub(r',\s*"short_tokens": 0', "", file.read_text()))
    assert "short_tokens" not in file.read_text()
    assert load(tiny_int8, threads=2).engine.profile == OTHER


def test_short_texts_are_tried_on_all_cores_too() -> None:
    first, *others = tuning._alone(untuned(4, short_tokens=25))
    assert first == untuned(4, short_tokens=25)
    assert replace(first, short_tokens=0) in others
    assert replace(first, threads=2, spinning=False) in others
    assert [way for way in others if way.threads == 1] == [
        replace(first, threads=1, short_tokens=0)
    ]
    assert tuning._alone(untuned(1)) == [untuned(1)]


def test_threads_of_a_single_request_are_told_by_its_length() -> None:
    assert threads_alone(untuned(4)) == "4"
    assert threads_alone(untuned(4, short_tokens=25)) == "1 up to 25 tokens, else 4"


def test_a_profile_of_more_threads_than_cores_is_none(tiny_int8: Path) -> None:
    save(replace(OTHER, threads=10**10), tiny_int8)
    assert load(tiny_int8, threads=2).engine.profile == as_it_comes(tiny_int8)
    save(OTHER, tiny_int8).write_text("[" * 100_000)
    assert load(tiny_int8, threads=2).engine.profile == as_it_comes(tiny_int8)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "4"])
def test_a_number_of_threads_that_is_none_is_refused(tiny_int8: Path, threads: Any) -> None:
    for asked in (load, tune):
        with pytest.raises(InputError) as caught:
            asked(tiny_int8, threads=threads)
        assert str(caught.value) == f"threads={threads!r}: expected a whole number, at least 1"


def test_sessions_of_ways_that_lost_are_let_go(tiny_int8: Path) -> None:
    ways = tuning._Ways(open_bundle(tiny_int8))
    slow, fast = untuned(2), one_caller(2)
    for profile in (slow, fast):
        ways.model(profile).outputs(["a lamp", "b lamp " * 40, "c"])
    assert len(ways._sessions) == 2
    ways.keep(fast)
    assert list(ways._sessions) == [(2, True)]
    assert list(ways._models) == [fast]


def test_a_cache_that_cannot_be_written_is_told(
    tiny_int8: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    result = CliRunner().invoke(main, ["tune", str(tiny_int8), "--threads", "1"])
    assert result.exit_code == 0
    assert "kept in nowhere: the user's cache cannot be written" in result.output


def test_the_command_prints_a_table_or_the_record(tiny_int8: Path) -> None:
    shown = CliRunner().invoke(main, ["tune", str(tiny_int8), "--threads", "2"])
    assert shown.exit_code == 0
    assert "against no tuning: many texts" in shown.stdout
    found = CliRunner().invoke(main, ["tune", str(tiny_int8), "--threads", "2", "--json", "-"])
    record = json.loads(found.stdout)
    assert (record["record"], record["format"], record["cores"]) == ("tune", 1, 2)
