"""The test of other CPUs: its texts, its bounds and what it tells a device. It needs no emulator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from devices.answering import KERNELS, readers_of
from devices.comparing import agreement, show
from devices.emulated import DEVICES, NATIVE, environment, without_newer_features
from devices.record import Agreement, Bounds, DevicesRecord
from devices.texts import read_texts, spread

from edgebert.errors import InputError
from edgebert.machine import cpu_class
from edgebert.records.checked import Cosine
from edgebert.records.codec import read_json, write_json
from edgebert.text.encoding import open_tokenizer


def _agreement(mean: float, p01: float, bounds: Bounds | None) -> Agreement:
    return Agreement(
        bundle="int8",
        device="arm64",
        cpu_class="aarch64",
        python="3.11.2",
        onnxruntime="1.31.1",
        reader="edgebert",
        to_native=Cosine(mean, p01, p01),
        to_fp32=None,
        bounds=bounds,
        seconds=1.0,
    )


def test_a_sixth_of_the_texts_is_long_and_none_comes_twice(minilm: Path) -> None:
    tokenizer = open_tokenizer(minilm / "tokenizer.json")
    tokenizer.no_truncation()
    chosen = read_texts(None, tokenizer, 300)
    lengths = [len(encoding) for encoding in tokenizer.encode_batch(list(chosen.texts))]
    assert (len(set(chosen.texts)), chosen.long, chosen.tokens) == (300, 50, sum(lengths))
    assert sum(length >= 128 for length in lengths) == 50
    assert max(lengths) <= 192
    assert "built-in" in chosen.source


def test_a_run_of_more_texts_than_there_are_says_so(minilm: Path) -> None:
    tokenizer = open_tokenizer(minilm / "tokenizer.json")
    with pytest.raises(InputError, match="not 2000: ask for fewer"):
        read_texts(None, tokenizer, 2000)


def test_texts_are_taken_from_all_of_a_data_set() -> None:
    assert spread("abcdefghij", 3) == ["a", "d", "g"]
    assert spread("ab", 5) == ["a", "b"]
    assert spread("ab", 0) == []


def test_vectors_agree_by_the_cosines_of_their_rows() -> None:
    rows = np.eye(3, dtype=np.float32)
    assert agreement(rows, 2 * rows) == Cosine(1.0, 1.0, 1.0)
    turned = agreement(rows, np.roll(rows, 1, axis=0))
    assert (turned.mean, turned.min) == (0.0, 0.0)


def test_a_broken_bound_is_a_sentence_and_a_nan_breaks_it() -> None:
    bounds = Bounds(mean=0.998, p01=0.996)
    assert list(_agreement(0.998, 0.996, bounds).broken()) == []
    assert list(_agreement(0.9, 0.9, None).broken()) == []
    assert list(_agreement(0.999, 0.99588, bounds).broken()) == [
        "int8 on arm64: the p01 cosine to the native vectors is 0.99588, below 0.996"
    ]
    assert len(list(_agreement(np.nan, np.nan, bounds).broken())) == 2


def test_kernels_that_answer_in_other_bits_are_a_sentence() -> None:
    rounded = replace(_agreement(1.0, 1.0, None), reader=KERNELS)
    for same in (True, None):
        assert list(replace(rounded, same_bits=same).broken()) == []
    assert list(replace(rounded, same_bits=False).broken()) == [
        "int8 on arm64: kernels answer in other bits than on this machine"
    ]


def test_kernels_read_only_what_says_what_they_answer(tiny_bundle: Path) -> None:
    assert list(readers_of(tiny_bundle)) == ["edgebert", "onnxruntime"]


def test_a_record_of_devices_is_shown_and_read_back(tmp_path: Path) -> None:
    record = DevicesRecord(
        texts=48,
        long=8,
        tokens=1760,
        source="stsb/test and scifact",
        reference=None,
        agreements=(_agreement(0.999, 0.997, DEVICES[0].bounds),),
        seconds=60.0,
    )
    write_json(record, tmp_path / "devices.json")
    assert read_json(DevicesRecord, tmp_path / "devices.json", "record of devices") == record
    assert "arm64   aarch64  edgebert  0.9990" in show(record)


def test_every_device_tells_of_the_cpu_that_it_has() -> None:
    for device in DEVICES:
        if device.cpuinfo:
            features = device.cpuinfo.partition("Features\t:")[2].partition("\n")[0].split()
            assert cpu_class("aarch64", tuple(features)) == device.cpu_class
            assert device.cpu != "max", "its SME multiplies wrongly"


def test_an_avx2_device_sees_no_newer_features() -> None:
    line = "flags\t\t: fma avx avx2 avx512f avx512_vnni avx_vnni amx_int8 bmi2"
    host = f"processor\t: 0\n{line}\nbugs\t\t:\n\nprocessor\t: 1\n{line}\n"
    seen = without_newer_features(host)
    assert seen.count(": fma avx avx2 bmi2\n") == 2
    assert seen.replace("fma avx avx2 bmi2", "x").count("\n") == host.count("\n")


def test_an_arm64_device_gets_its_own_packages_and_x86_this_machines() -> None:
    arm = next(device for device in DEVICES if device.cpuinfo)
    assert "PYTHONHOME" in environment(arm)
    assert environment(arm)["PYTHONPATH"].endswith("site")
    assert not environment(NATIVE)["PYTHONPATH"].endswith("site")
