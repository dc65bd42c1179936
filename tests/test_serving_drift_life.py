"""What watches drift starts with a server, follows a swap, proves golden texts, and ends."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from bundle_damage import edit
from click.testing import CliRunner
from int8_models import sentences
from served import Here, Running, running
from watched import found_of, watched_here

from edgebert.cli import main
from edgebert.serving.drift.background import Background


def until(server: Running, texts: int) -> dict[str, object]:
    """What is known of the only bundle, once so many texts of it were compared."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        (found,) = server.get("/drift.json").json["models"]
        if found["compared"] and found["compared"]["n"] >= texts:
            told: dict[str, object] = found
            return told
        time.sleep(0.01)
    raise AssertionError(server.get("/drift.json").json)


def test_a_server_compares_swaps_and_ends(
    tiny_int8: Path, tiny_bundle: Path, tiny_dynamic_int8: Path, tmp_path: Path
) -> None:
    live = tmp_path / "live"
    shutil.copytree(tiny_int8, live)
    options = {"EDGEBERT_SERVE_REFERENCE": str(tiny_bundle), "EDGEBERT_SERVE_SHADOW": "1"}
    with running(f"m={live}", "--drain", "0", **options) as server:
        server.line("100 % of the texts of m are compared")
        assert server.post("/embed", {"inputs": sentences(5, seed=1)}).status == 200
        before = until(server, 5)
        live.rename(tmp_path / "before")
        shutil.copytree(tiny_dynamic_int8, live)
        server.tell(signal.SIGHUP)
        server.line("swap of m:")
        while len([line for line in server.log if "100 % of the texts" in line]) < 2:
            time.sleep(0.01)
        assert server.post("/embed", {"inputs": sentences(3, seed=2)}).status == 200
        after = until(server, 3)
        assert after["sha256"] != before["sha256"] and after["reference"] == before["reference"]
        assert server.metric('edgebert_golden_ok{model="m"}') == 1
        assert server.metric('edgebert_shadow_distance_count{model="m"}') == 8
        assert server.post("/embed", {"inputs": sentences(60, seed=3)}).status == 200
        server.tell(signal.SIGTERM)  # while texts wait to be compared
        assert server.ended() == 0
        assert not any("is not compared" in line for line in server.log)


def test_without_a_reference_only_golden_texts_are_watched(tiny_bundle: Path) -> None:
    with watched_here({"m": tiny_bundle}, {}) as here:
        assert here.post("/embed", {"inputs": "a lamp"}).status == 200
        (found,) = here.server.drift.record().models
        metrics = here.get("/metrics").body.decode()
    assert (found.share, found.reference, found.compared) == (0.0, None, None)
    assert found.golden is not None and found.golden.passed and found.golden.texts > 10
    assert 'edgebert_golden_ok{model="m"} 1.0' in metrics
    assert "edgebert_shadow_distance_count" not in metrics


def golden_of(here: Here, *, later_than: str = "") -> tuple[bool, float]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        (found,) = here.server.drift.record().models
        if found.golden is not None and found.golden.checked > later_than:
            (told,) = re.findall(r"^edgebert_golden_ok\S+ (\S+)$", metrics_of(here), re.MULTILINE)
            return found.golden.passed, float(told)
        time.sleep(0.01)
    raise AssertionError("golden texts were not run")


def metrics_of(here: Here) -> str:
    return here.get("/metrics").body.decode()


def test_golden_texts_are_run_again_when_nobody_asks(
    tiny_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "edgebert.serving")
    monkeypatch.setattr("edgebert.serving.drift.watching._IDLE_S", 0.05)
    bundle = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, bundle)
    with watched_here({"m": bundle}, {}) as here:
        started, watch = golden_of(here), here.server.drift
        time.sleep(0.2)
        assert "come out as promised" not in caplog.text  # an hour has not passed
        shutil.rmtree(bundle)  # what answers is in memory
        monkeypatch.setattr("edgebert.serving.drift.watching._GOLDEN_EVERY_S", 0.0)
        while "golden texts of m come out as promised" not in caplog.text:
            time.sleep(0.01)
        assert started == golden_of(here) == (True, 1.0)
        (watched,) = watch._watched.values()
        texts = watched.golden.texts
        wrong = replace(texts[0], input_ids=(*texts[0].input_ids, 1))
        watched.golden = replace(watched.golden, texts=(wrong, *texts[1:]))
        while "golden texts of m do not" not in caplog.text:
            time.sleep(0.01)
        assert golden_of(here) == (False, 0.0)
        assert (
            f"✗ 1 of {len(texts)} golden texts come out wrong" in here.get("/drift").body.decode()
        )


def test_golden_texts_wait_while_somebody_asks(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edgebert.serving")
    monkeypatch.setattr("edgebert.serving.drift.watching._GOLDEN_EVERY_S", 0.0)
    with watched_here({"m": tiny_bundle}, {}) as here:
        watch = here.server.drift
        assert here.post("/embed", {"inputs": "a lamp"}).status == 200
        watch._prove_when_idle()
        assert "come out as promised" not in caplog.text
        watch._last_request -= 60
        watch._prove_when_idle()
        assert "come out as promised" in caplog.text


def test_what_waits_is_bounded_and_what_fails_tells_no_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, go, done = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        go.wait(60)

    def fail() -> None:
        raise ValueError("a text that nobody may read")

    background = Background(3, lambda: None, 60)
    background.start()
    assert background.may(hold) and begun.wait(60)
    assert [background.may(work) for work in (fail, fail, done.set, hold)] == [
        True,
        True,
        True,
        False,
    ]
    go.set()
    assert done.wait(60)
    background.close()
    assert "ValueError in fail, line" in caplog.text and "nobody may read" not in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="reads of processes from /proc")
def test_the_process_that_compares_has_the_lowest_priority_and_may_die(
    tiny_int8: Path, tiny_bundle: Path
) -> None:
    with running(f"m={tiny_int8}", "--reference", str(tiny_bundle), "--shadow", "1") as server:
        server.line("100 % of the texts of m are compared")
        (child,) = children(server)
        assert os.getpriority(os.PRIO_PROCESS, child) == 19
        assert os.getpriority(os.PRIO_PROCESS, server.process.pid) < 19
        os.kill(child, signal.SIGTERM)  # as systemd sends it to all: the server ends it
        assert server.post("/embed", {"inputs": "a lamp"}).status == 200
        until(server, 1)
        os.kill(child, signal.SIGKILL)
        assert server.post("/embed", {"inputs": "a lamp"}).status == 200
        server.line("m is not compared with its reference: the process that compares has ended")
        assert server.post("/embed", {"inputs": "a lamp"}).status == 200
        assert "has ended (code -9)" in server.get("/drift.json").json["models"][0]["trouble"]


def children(server: Running) -> list[int]:
    threads = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    return [int(child) for thread in threads for child in thread.read_text().split()]


def copied(bundle: Path, folder: Path, name: str, change: object) -> Path:
    shutil.copytree(bundle, folder)
    edit(folder, name, change)  # type: ignore[arg-type]
    return folder


@pytest.fixture
def wrong(
    tiny_bundle: Path, tiny_int8: Path, tiny_tagger_bundle: Path, tmp_path: Path
) -> dict[str, Path]:
    """References that are none for the int8 bundle, by what is wrong with them."""

    def vocabulary(tokenizer: dict[str, object]) -> None:
        tokenizer["model"]["vocab"]["lamps"] = tokenizer["model"]["vocab"].pop("lamp")  # type: ignore[index]

    return {
        "itself": tiny_int8,
        "none": tmp_path / "none",
        "task": tiny_tagger_bundle,
        "length": copied(
            tiny_bundle, tmp_path / "length", "manifest.json", lambda m: m.update(max_length=32)
        ),
        "prompts": copied(
            tiny_bundle,
            tmp_path / "prompts",
            "manifest.json",
            lambda m: m.update(prompts={"q": "q: "}),
        ),
        "vocabulary": copied(tiny_bundle, tmp_path / "vocabulary", "tokenizer.json", vocabulary),
    }


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("itself", "is the bundle that is served: give another"),
        ("none", "is not a bundle: there is no such folder"),
        ("task", "in task (<task token-classification>, not <task feature-extraction>)"),
        ("length", "in max_length (32, not 48): give the float bundle that it was made of"),
        ("prompts", "in prompts ({'q': 'q: '}, not {})"),
        ("vocabulary", "in the vocabulary of its tokenizer: give the float bundle"),
    ],
)
def test_what_is_no_reference_is_refused_before_a_port_is_taken(
    tiny_int8: Path, wrong: dict[str, Path], reference: str, told: str
) -> None:
    arguments = ["serve", str(tiny_int8), "--port", "0", "--reference", str(wrong[reference])]
    refused(arguments, 1, told)


def test_a_reference_that_is_int8_is_refused(tiny_int8: Path, tiny_dynamic_int8: Path) -> None:
    arguments = ["serve", str(tiny_int8), "--port", "0", "--reference", str(tiny_dynamic_int8)]
    refused(arguments, 1, "is quantized itself (dynamic): give the float bundle")


def test_which_bundle_a_reference_is_for_has_to_be_clear(
    tiny_int8: Path, tiny_bundle: Path, tiny_dynamic_int8: Path
) -> None:
    two = ["serve", f"a={tiny_int8}", f"b={tiny_dynamic_int8}", "--port", "0"]
    refused([*two, "--reference", str(tiny_bundle)], 1, "several bundles are served (a, b)")
    refused(
        [*two, "--reference", f"c={tiny_bundle}"], 1, "no bundle is served as c; there are a, b"
    )
    again = ["--reference", f"a={tiny_bundle}"]
    refused([*two, *again, *again], 1, "--reference: a has two references; give one")
    refused(["serve", str(tiny_int8), "--shadow", "0.5"], 2, "needs what is to be compared with")
    for share in ("0", "1.5", "nan", "much"):
        shadow = ["--reference", "none", "--shadow", share]
        refused(["serve", "none", *shadow], 2, "Invalid value for '--shadow'")


def refused(arguments: list[str], code: int, told: str) -> None:
    result = CliRunner().invoke(main, arguments, prog_name="edgebert")
    assert (result.exit_code, told in result.stderr) == (code, True), result.output
    assert code == 2 or result.stderr.count("\n") == 1


def test_what_is_gone_at_a_swap_ends_the_comparison_alone(
    tiny_int8: Path, tiny_bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reference, live = tmp_path / "reference", tmp_path / "live"
    shutil.copytree(tiny_bundle, reference)
    shutil.copytree(tiny_int8, live)
    with watched_here({"m": live}, {"": reference}) as here:
        (served,) = here.server.served
        assert here.post("/embed", {"inputs": "a lamp"}).status == 200
        found_of(here, 1)
        shutil.rmtree(reference)
        here.server.drift.watch(served)
        assert here.post("/embed", {"inputs": "a lamp"}).status == 200
        (found,) = json.loads(here.get("/drift.json").body)["models"]
        page = here.get("/drift").body.decode()
        shutil.rmtree(live)
        here.server.drift.watch(served)
        assert here.post("/embed", {"inputs": "a lamp"}).status == 200
    assert found["trouble"].startswith("the reference is not a bundle")
    assert str(tmp_path) not in page and "✗ Not compared" in page
    assert "m is not compared with its reference" in caplog.text
    assert "m is not watched" in caplog.text
