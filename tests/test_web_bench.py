"""The benchmark of the client for JavaScript: its record, and the table it writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from benchmarks.web.page import BASE, table, times_base, write_table
from benchmarks.web.products import forms, write_graph
from benchmarks.web.record import Seat, Speed, WebRecord
from benchmarks.web.running import compared, longest_first

from edgebert.errors import InputError
from edgebert.records.codec import read_json, write_json


def _seat(name: str, seconds: tuple[float, ...], failure: str = "") -> Seat:
    if failure:
        return Seat("Chromium", 1, name, name, 1_000_000, failure=failure)
    return Seat(
        "Chromium", 1, name, name, 24_200_000, first_answer_s=1.5, downloaded_bytes=39_000_000,
        memory_bytes=305_000_000,
        speeds=(Speed("short", 8, {"1": 90.0, "8": 100.0}, seconds, 0.99915, 0.9988),),
    )  # fmt: skip


def _record(load: float = 0.1) -> WebRecord:
    seats = (_seat(BASE, (2.0, 3.0)), _seat("ours", (1.5, 1.25)), _seat("gone", (), "no memory"))
    return WebRecord(
        versions={"Chromium": "156"},
        sizes={"short": 500},
        rounds=2,
        load=load,
        cores=2,
        seats=seats,
    )


def test_a_speed_is_told_as_times_of_the_peer_in_the_same_place() -> None:
    base, ours, gone = _record().seats
    assert times_base([base, ours, gone], ours, "short") == 2.0 / 1.25
    assert times_base([ours], ours, "short") is None
    assert times_base([base, ours, gone], gone, "short") is None


def test_the_table_has_a_row_for_each_client_and_says_what_failed() -> None:
    told = table(_record())
    row = "| ours | 400 (364) | 1.60 | 0.99915 (0.9988) | 1.50 | 24.2 | 39 | 305 |"
    assert row in told.splitlines()
    assert "- Chromium, gone: no memory" in told
    assert "Other work" not in told


def test_a_busy_machine_is_told() -> None:
    assert "Other work ran beside it (7.0 processes on 2 cores)" in table(_record(load=7.0))


def test_the_record_survives_its_file_and_fills_the_page(tmp_path: Path) -> None:
    record, page = _record(), tmp_path / "README.md"
    write_json(record, tmp_path / "web.json")
    page.write_text("before\n<!-- table:begin -->\nold\n<!-- table:end -->\nafter\n")
    write_table(read_json(WebRecord, tmp_path / "web.json", "a record"), page)
    told = page.read_text()
    assert told.startswith("before\n") and told.endswith("after\n")
    assert table(record) in told and "old" not in told
    page.write_text("nothing")
    with pytest.raises(InputError, match="no place"):
        write_table(record, page)


def test_vectors_are_held_to_those_of_the_same_size() -> None:
    rows, others = np.array([[[1, 0], [0, 2]], [[3, 0], [1, 1]]], np.float32)
    assert compared(rows, others) == pytest.approx((0.853553, 0.707107))
    assert compared(rows[:, :1], rows) == (None, None)
    assert longest_first(["a", "ccc", "bb"]) == ["ccc", "bb", "a"]


def test_integer_products_that_are_timed_are_the_same_product(tmp_path: Path) -> None:
    given = (np.arange(2 * 384) % 100).reshape(2, 384)
    found = {}
    for form in forms():
        write_graph(form, tmp_path / "product.onnx")
        session = onnxruntime.InferenceSession(tmp_path / "product.onnx")
        (found[form.name],) = session.run(None, {"x": given.astype(form.takes)})
        assert found[form.name].shape == (2, 1536)
    weights = next(form for form in forms() if form.name == "fp32").weights["w"]
    from_middle = (given - 128) @ weights
    assert np.array_equal(found["fp32"], found["s8 x s8"])
    for name in ("u8 x s8", "u8 x u8"):
        assert np.array_equal(found[name], from_middle)
    floats = found["u8 x s8 to float, per channel"]
    np.testing.assert_allclose(floats, from_middle * 0.02 * 0.001, rtol=1e-5)
