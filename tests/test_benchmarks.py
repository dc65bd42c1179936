"""The peers benchmark: what it measures with, and the table it writes. It needs no peers."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from benchmarks.batches import GraphEngine, grouped, in_threads, share_out
from benchmarks.entering import enter
from benchmarks.measure import Entrant, measure, row_cosines
from benchmarks.page import write_page
from benchmarks.page_table import BEGIN, END, put_between
from benchmarks.peak import peak_of
from benchmarks.peers import PEERS, REFERENCE
from benchmarks.protocol import (
    DIMENSIONS,
    OWN_BATCHES,
    Batching,
    Request,
    Setting,
    Sources,
    Way,
    every_way,
    one_or_many,
)
from benchmarks.readme_table import peers_table
from benchmarks.record import (
    Contestant,
    Latency,
    PeersRecord,
    Probe,
    TextSet,
    Throughput,
    Trial,
)
from benchmarks.rounds import PeerFailed, in_turns, minimum_and_median
from benchmarks.standing import ours, request_columns, standings, throughput_columns
from benchmarks.sweep import fastest
from benchmarks.texts import (
    Amounts,
    Workload,
    alternating,
    make_request,
    open_tokenizer,
    read_workloads,
    shuffled,
    shuffled_order,
)
from benchmarks.work import ATTENTION_FLOP, LINEAR_FLOP, Peak, bound_s, work_of
from benchmarks.worker import Desk, Worker

from edgebert.errors import InputError
from edgebert.records.codec import read_json, write_json
from edgebert.records.timed import Noise


def test_work_is_that_of_the_matrix_products() -> None:
    assert (LINEAR_FLOP, ATTENTION_FLOP) == (21_233_664, 9216)
    work = work_of([128])
    assert work.linear_flop + work.attention_flop == pytest.approx(2.869e9, rel=1e-3)
    assert work_of([3, 4]).attention_flop == 9216 * (9 + 16)


def test_an_int8_model_is_held_to_both_peaks() -> None:
    peak = Peak(fp32_gflops=236, int8_gops=937)
    work = work_of([128])
    assert bound_s(work, peak, "int8") == pytest.approx(3.54e-3, rel=2e-3)
    assert bound_s(work, peak, "fp32") == pytest.approx(12.16e-3, rel=2e-3)


def test_the_peak_is_the_best_probe_of_a_precision_and_number_of_cores() -> None:
    probes = [
        Probe("fp32", "in C", 1, 104.0),
        Probe("fp32", "product", 1, 95.0),
        Probe("int8", "in C", 1, 199.0),
        Probe("int8", "product", 1, 203.0),
        Probe("int8", "product", 2, 400.0),
    ]
    assert peak_of(probes, 1) == Peak(fp32_gflops=104.0, int8_gops=203.0)


def test_peers_take_turns_and_one_that_fails_takes_no_more() -> None:
    order: list[str] = []
    rounds: list[int] = []

    def turn(name: str) -> list[float]:
        order.append(name)
        if name == "b" and order.count("b") == 2:
            raise PeerFailed("out of memory")
        return [float(len(order))]

    turns = in_turns({0: {name: partial(turn, name) for name in "abc"}}, 3, rounds.append)[0]
    assert rounds == [0, 1, 2]
    assert [sorted(order[:3]), sorted(order[3:6]), sorted(order[6:])] == [
        [*"abc"],
        [*"abc"],
        [*"ac"],
    ]
    assert turns.times == {
        name: [place for place, other in enumerate(order, start=1) if other == name]
        for name in order
        if name != "b"
    }
    assert turns.failures == {"b": "out of memory"}


def test_a_round_goes_through_everything_in_an_order_of_its_own() -> None:
    rounds: list[list[str]] = []

    def turn(event: str, name: str) -> list[float]:
        rounds[-1].append(event + name)
        return [1.0]

    events = {event: {name: partial(turn, event, name) for name in "abcdef"} for event in "xy"}
    taken = in_turns(events, 4, lambda number: rounds.append([]))
    for through in rounds:
        assert [step[0] for step in through] == [*"xxxxxxyyyyyy"]
        assert [step[1] for step in through[:6]] == [step[1] for step in through[6:]]
        assert sorted(step[1] for step in through[:6]) == [*"abcdef"]
    assert len({"".join(through) for through in rounds}) == len(rounds) == 4
    assert all(len(times) == 4 for turns in taken.values() for times in turns.times.values())


def test_who_fails_at_one_thing_goes_on_with_the_others() -> None:
    def fail() -> list[float]:
        raise PeerFailed("too long")

    taken = in_turns({"short": {"a": lambda: [1.0]}, "long": {"a": fail}}, 2, str)
    assert (taken["short"].times, taken["short"].failures) == ({"a": [1.0, 1.0]}, {})
    assert (taken["long"].times, taken["long"].failures) == ({}, {"a": "too long"})


def test_times_are_told_by_their_least_and_their_median() -> None:
    assert minimum_and_median([5.0, 1.0, 2.0]) == (1.0, 2.0)


def test_a_sweep_takes_the_fastest_and_tries_hopeless_ones_no_further() -> None:
    seconds = {
        "hopeless": [9.0],
        "slow": [1.8, 1.5],
        "near": [1.2, 1.1, 1.1],
        "jit": [1.9, 1.0, 0.8],
    }
    settings = {name: Setting(1, mode=name) for name in seconds}
    left = {settings[name]: list(times) for name, times in seconds.items()}
    best, times = fastest(list(left), lambda setting: left[setting].pop(0))
    assert best == settings["jit"]
    assert {setting.mode: taken for setting, taken in times.items()} == {
        "hopeless": 9.0,
        "slow": 1.5,
        "near": 1.1,
        "jit": 0.8,
    }
    assert not any(left.values())


def test_one_core_has_one_budget() -> None:
    assert one_or_many(1) == (Setting(1),)
    assert len(every_way(one_or_many(2, "a", "b"), [Batching(1, "texts")])) == 2 * 4


def test_every_way_is_tried_in_both_orders_and_says_which() -> None:
    ways = every_way([Setting(2)], [Batching(32, "texts")])
    assert [way.sort for way in ways] == [True, False]
    assert [str(way) for way in ways] == [
        "1 x 2 threads; 32 texts a batch; longest first",
        "1 x 2 threads; 32 texts a batch; as they come",
    ]
    assert str(Way(Setting(2), OWN_BATCHES)) == "1 x 2 threads; its own batches"


LENGTHS = (3, 9, 4, 4, 30, 5, 2)


@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize("batching", [Batching(3, "texts"), Batching(20, "tokens")])
def test_batches_hold_every_text_once_and_keep_to_their_size(
    batching: Batching, sort: bool
) -> None:
    groups = list(grouped(LENGTHS, batching, sort=sort))
    positions = [position for group in groups for position in group]
    assert sorted(positions) == list(range(len(LENGTHS)))
    if sort:
        assert [LENGTHS[p] for p in positions] == sorted(LENGTHS, reverse=True)
    else:
        assert positions == list(range(len(LENGTHS)))
    for group in groups:
        tokens = len(group) * max(LENGTHS[p] for p in group)
        filled = len(group) if batching.unit == "texts" else tokens
        assert filled <= batching.size or len(group) == 1


def test_neither_batches_nor_padding_nor_callers_change_a_vector(tiny_embedder: Path) -> None:
    table = np.random.default_rng(0).normal(size=(1000, DIMENSIONS)).astype(np.float32)
    texts = ["a b", "the cat sat on the mat", "b", "a a a b", "on the mat", "cat"]
    vectors = [
        GraphEngine(
            open_tokenizer(tiny_embedder),
            in_threads(lambda batch: table[batch.inputs["input_ids"]], callers),
        ).embed(texts, batching, sort=sort)
        for callers in (1, 2)
        for batching in (Batching(1, "texts"), Batching(4, "texts"), Batching(16, "tokens"))
        for sort in (True, False)
    ]
    ids = open_tokenizer(tiny_embedder).encode(texts[1]).ids
    mean = table[ids].mean(axis=0)
    assert np.allclose(vectors[0][1], mean / np.linalg.norm(mean), atol=1e-6)
    assert all(np.allclose(vectors[0], other, atol=1e-6) for other in vectors[1:])


@pytest.mark.parametrize("callers", [1, 2])
@pytest.mark.parametrize("sort", [True, False])
def test_shared_out_texts_come_back_in_order(callers: int, sort: bool) -> None:
    texts = ["x" * length for length in LENGTHS]

    def embed(chunk: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        return np.array([[len(text)] * DIMENSIONS for text in chunk], np.float32)

    vectors = share_out(texts, embed, chunk=2, callers=callers, sort=sort)
    assert vectors[:, 0].tolist() == list(LENGTHS)


def test_a_mix_alternates_short_and_long() -> None:
    mix = alternating(["a", "b", "c"], ["w", "x", "y", "z"], 3)
    assert mix == ("a", "w x", "b")


def test_shuffling_is_a_fixed_order_that_can_be_undone() -> None:
    texts = [str(i) for i in range(100)]
    assert shuffled(texts) == tuple(texts[i] for i in shuffled_order(100))
    assert shuffled(texts) == shuffled(texts) != tuple(texts)
    assert sorted(shuffled(texts)) == sorted(texts)


def test_text_sets_are_read_in_the_layout_that_the_readme_gives(tmp_path: Path) -> None:
    (tmp_path / "stsb").mkdir()
    rows = [f"{i}.0\tleft {i}\tright {i}" for i in range(4)]
    lines = "\n".join(["score\tsentence1\tsentence2", *rows])
    (tmp_path / "stsb/test.tsv").write_text(lines, encoding="utf-8")
    (tmp_path / "scifact").mkdir()
    with gzip.open(tmp_path / "scifact/corpus.jsonl.gz", "wt") as corpus:
        corpus.writelines(
            json.dumps({"_id": str(i), "title": "t", "text": f"abstract {i}"}) + "\n"
            for i in range(6)
        )
    sets = {w.name: w for w in read_workloads(tmp_path, Amounts(short=6, abstracts=2, mixed=4))}
    short = ["left 0", "left 1", "left 2", "left 3", "right 0", "right 1"]
    assert sets["short"].texts == shuffled(short)
    assert sets["abstracts"].texts == shuffled(["abstract 0", "abstract 1"])
    assert sets["mixed"].texts == (
        "left 0",
        "abstract 0 abstract 1",
        "left 1",
        "abstract 2 abstract 3",
    )
    assert list(sets) == ["short", "abstracts", "mixed"]


@pytest.mark.real_model
@pytest.mark.parametrize("length", [16, 512])
def test_a_request_is_as_long_as_it_says_as_text_and_as_ids(minilm: Path, length: int) -> None:
    tokenizer = open_tokenizer(minilm, max_length=None)
    request = make_request(tokenizer, length)
    assert len(request.ids) == length
    assert tuple(tokenizer.encode(request.text).ids) == request.ids
    assert tokenizer.decode(list(request.ids)) == request.text


def test_cosines_are_of_row_with_row() -> None:
    left = np.array([[1, 0], [3, 4]], np.float32)
    right = np.array([[2, 0], [4, 3]], np.float32)
    assert np.allclose(row_cosines(left, right), [1.0, 0.96])


def test_a_peer_that_is_not_installed_is_told_and_not_dropped(tmp_path: Path) -> None:
    entry = enter("nowhere", Sources(tmp_path, (), tmp_path), [], [], [1])
    assert entry.entrant is None
    assert entry.contestant.failure.startswith("did not run: ModuleNotFoundError: No module named")


def test_what_a_peer_raises_and_how_it_ends_comes_back_as_a_reason(tmp_path: Path) -> None:
    worker = Worker("edgebert_fp32", Sources(tmp_path, (), tmp_path))  # which holds no bundle
    try:
        assert worker.ask(Desk.introduce).versions["onnxruntime"]
        with pytest.raises(PeerFailed, match="is not a bundle"):
            worker.ask(Desk.time_texts, ["a"], Way(Setting(1), OWN_BATCHES))
        worker.process.kill()
        worker.process.join()
        with pytest.raises(PeerFailed, match="its process ended with -9"):
            worker.ask(Desk.introduce)
    finally:
        worker.close()


@pytest.mark.parametrize("name", ["edgebert_fp32", "edgebert_int8"])
def test_a_bundle_goes_through_texts_and_requests_in_the_same_rounds(
    name: str, tiny_bundle: Path, tiny_int8: Path, tiny_embedder: Path, tmp_path: Path
) -> None:
    for bundle in (tiny_bundle, tiny_int8):
        shutil.copytree(bundle, tmp_path / f"edgebert_{'int8' if bundle == tiny_int8 else 'fp32'}")
    worker = Worker(name, Sources(tiny_embedder, (), tmp_path))
    try:
        assert worker.ask(Desk.make) > 0
        ways, settings = worker.ask(Desk.ways, 2), worker.ask(Desk.settings, 1)
        texts = ("the lamp", "off", "turn on the lamp", "anna is in paris")
        tokenizer = open_tokenizer(tiny_embedder)
        request = Request("the lamp", tuple(tokenizer.encode("the lamp").ids))
        entrant = Entrant(worker, "int8", 512, {"short": ways[0]}, {1: settings[0]})
        measured = measure(
            {name: entrant},
            [Workload("short", "short sentences", texts)],
            [request],
            [1],
            rounds=3,
            request_s=0.03,
            starting=str,
        )
    finally:
        worker.close()
    (timed,), (asked,) = measured.texts, measured.requests
    assert len(timed.turns.times[name]) == 3
    assert len(asked.turns.times[name]) >= 3
    assert timed.moved[name] == pytest.approx(1, abs=1e-6)  # bits do not depend on neighbours
    assert np.allclose(timed.vectors[name][0], asked.answers[name], atol=1e-6)


def throughput(peer: str, texts: str, rate: float) -> Throughput:
    seconds = 100 / rate
    return Throughput(
        peer=peer,
        texts=texts,
        way="1 x 2 threads; 32 texts a batch; longest first",
        seconds=(seconds, 1.1 * seconds),
        min_s=seconds,
        median_s=1.05 * seconds,
        texts_per_s=rate,
        cosine_mean=0.9964,
        cosine_min=0.982,
        neighbours_cosine_min=None,
        peak_fraction=0.48,
    )


def latency(peer: str, length: int, ms: float, threads: int = 2) -> Latency:
    return Latency(
        peer=peer,
        length=length,
        threads=threads,
        setting=str(Setting(threads)),
        runs=9,
        min_ms=ms,
        median_ms=1.1 * ms,
        cosine=0.99,
        peak_fraction=0.3,
    )


@pytest.fixture
def record() -> PeersRecord:
    """The int8 bundle leads on short sentences and single requests, OpenVINO on abstracts."""
    rates = {
        "openvino_int8": {"short": 1337.0, "abstracts": 72.0},
        "edgebert_int8": {"short": 1470.6, "abstracts": 60.0},
    }
    return PeersRecord(
        quick=False,
        cores=2,
        max_length=256,
        peers=(
            Contestant(
                REFERENCE, "sentence-transformers fp32", "fp32", {}, failure="did not run: x|y"
            ),
            Contestant(
                "openvino_int8", "OpenVINO int8", "int8", {"openvino": "2026.4.1"}, 22_900_000
            ),
            Contestant(
                "edgebert_int8", "edgebert int8", "int8", {"onnxruntime": "1.31.1"}, 24_800_000
            ),
        ),
        text_sets=(
            TextSet("short", "short sentences", 2758, 38_000),
            TextSet("abstracts", "abstracts", 150, 35_000),
        ),
        throughput=tuple(
            throughput(peer, texts, rate)
            for peer, all_ in rates.items()
            for texts, rate in all_.items()
        ),
        latency=(
            latency("openvino_int8", 16, 2.32),
            latency("edgebert_int8", 16, 1.16),
            latency("openvino_int8", 512, 61.0, threads=1),
            latency("edgebert_int8", 512, 52.0, threads=1),
            latency("edgebert_int8", 32, 2.0),
        ),
        sweep=(Trial("edgebert_int8", "abstracts", "2 x 1 thread", 0.2, chosen=True),),
        probes=(Probe("fp32", "in C", 2, 207.0),),
        noise=Noise(0.02, 0.0, noisy=False),
        seconds=900.0,
    )


def test_the_table_names_machine_failures_wins_and_losses(record: PeersRecord) -> None:
    table = peers_table(record)
    assert "| edgebert int8 | **1,471** | 60.0 | 0.9964 / 0.982" in table
    assert "| OpenVINO int8 | 1,337 | **72.0** | 0.9964 / 0.982" in table
    requests = ("request of 512 tokens, 1 thread, ms", "request of 16 tokens, 2 threads, ms")
    assert f"|  | {' | '.join(requests)} |" in table  # 32 tokens are in the record alone
    assert "| edgebert int8 | **52.0** | **1.16** |" in table
    assert "| OpenVINO int8 | 61.0 | 2.32 |" in table
    assert "| sentence-transformers fp32 | did not run: x\\|y |" in table
    assert record.machine.cpu in table
    assert "ahead of all others on short sentences (1.10 times faster than OpenVINO int8)" in table
    assert "behind on abstracts (1.20 times slower than OpenVINO int8)" in table
    assert "noisy" not in table


def test_every_row_of_the_table_has_every_column(record: PeersRecord) -> None:
    tables = [part for part in peers_table(record).split("\n\n") if part.startswith("|")]
    assert len(tables) == 2
    for table in tables:
        assert len({row.replace("\\|", "").count("|") for row in table.splitlines()}) == 1


def test_a_noisy_machine_is_told(record: PeersRecord) -> None:
    noise = Noise(0.3, 0.0, noisy=True, reasons=("other processes took 40 %",))
    assert "noisy: other processes took 40 %" in peers_table(replace(record, noise=noise))


def test_a_quick_run_makes_no_table(record: PeersRecord) -> None:
    with pytest.raises(InputError, match="quick run"):
        peers_table(replace(record, quick=True))


def test_the_table_replaces_what_stands_between_its_comments() -> None:
    text = f"# head\n{BEGIN}\nold\n{END}\ntail\n"
    once = put_between(text, "new")
    assert once == f"# head\n{BEGIN}\nnew\n{END}\ntail\n"
    assert put_between(once, "new") == once


@pytest.mark.parametrize("text", ["none", f"{BEGIN}", f"{END} {BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_readme_without_a_place_for_the_table_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no place for the table"):
        put_between(text, "new")


def test_standing_is_against_the_fastest_of_the_others(record: PeersRecord) -> None:
    short, abstracts = standings(throughput_columns(record), ours(record))
    assert (short.rival, round(short.ratio, 2)) == ("openvino_int8", 1.10)
    assert round(abstracts.ratio, 2) == 0.83
    requests = [each.column.title for each in standings(request_columns(record), ours(record))]
    assert requests == ["request of 512 tokens, 1 thread", "request of 16 tokens, 2 threads"]


def test_where_kernels_ran_edgebert_stands_by_them_and_is_no_rival_of_its_own(
    record: PeersRecord,
) -> None:
    other = Contestant("edgebert_int8_kernels", "edgebert int8, kernels", "int8", {})
    with_kernels = replace(record, peers=(*record.peers, other))
    assert ours(with_kernels) == "edgebert_int8"  # they did not run
    faster = throughput("edgebert_int8_kernels", "abstracts", 90.0)
    with_kernels = replace(with_kernels, throughput=(*record.throughput, faster))
    assert ours(with_kernels) == "edgebert_int8_kernels"
    (abstracts,) = standings(throughput_columns(with_kernels), ours(with_kernels))
    assert (abstracts.rival, abstracts.ratio) == ("openvino_int8", 1.25)
    assert "Here edgebert int8, kernels is ahead of all others on abstracts" in peers_table(
        with_kernels
    )


def test_a_record_reads_back_as_it_was_written(record: PeersRecord, tmp_path: Path) -> None:
    write_json(record, tmp_path / "peers.json")
    assert read_json(PeersRecord, tmp_path / "peers.json", "record") == record


def test_the_page_needs_no_network_and_names_failures(record: PeersRecord, tmp_path: Path) -> None:
    write_page(record, tmp_path / "peers.html")
    page = (tmp_path / "peers.html").read_text(encoding="utf-8")
    assert "sentence-transformers fp32 did not run: x|y" in page
    assert "OpenVINO int8" in page
    assert "1.20× slower" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page


def test_every_peer_has_a_file_of_its_own() -> None:
    folder = Path(__file__).parent / "benchmarks/peers"
    assert {path.stem for path in folder.glob("*.py")} == {"__init__", *PEERS}
