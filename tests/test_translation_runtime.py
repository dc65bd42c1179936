"""A translator as its users ask it: any texts, the same translation whatever stands beside it."""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from edgebert.bundle import MANIFEST, open_bundle
from edgebert.bundle.manifest_file import write_manifest
from edgebert.errors import BundleError, ClosedError, EdgebertError, InputError, ProviderError
from edgebert.runtimes import Model, TextQueue, load
from edgebert.runtimes.golden import run_golden
from edgebert.tasks.translations import Translated

WORDS = "the lamp light is on off in paris anna turn kitchen and a".split()


def some_texts(n: int, seed: int = 0) -> list[str]:
    """Sentences of all lengths."""
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.choice([1, 2, 3, 5, 8, 13, 20]))) for _ in range(n)]


TEXTS = some_texts(24)


@pytest.fixture(scope="module")
def model(tiny_translator_bundle: Path) -> Iterator[Model]:
    with load(tiny_translator_bundle) as model:
        yield model


@pytest.mark.parametrize("bundle", ["tiny_translator_bundle", "tiny_translator_int8"])
@pytest.mark.parametrize("beam", [1, 3, 4])
def test_a_text_has_the_same_translation_alone_and_beside_any_other(
    bundle: str, beam: int, request: pytest.FixtureRequest
) -> None:
    options: dict[str, Any] = {"beam": beam, "n_best": beam}
    with load(request.getfixturevalue(bundle), threads=2) as model:
        whole = model.translate(TEXTS, **options)
        assert [model.translate(text, **options) for text in TEXTS[::3]] == whole[::3]
        for seed in range(3):
            order = random.Random(seed).sample(range(len(TEXTS)), len(TEXTS))
            beside = some_texts(seed * 40, seed=9)
            texts = [*beside, *(TEXTS[place] for place in order)]
            shuffled = model.translate(texts, **options)[len(beside) :]
            assert shuffled == [whole[place] for place in order]


def test_any_thread_gets_the_same_and_other_beams_beside_change_nothing(model: Model) -> None:
    wanted = {beam: model.translate(TEXTS, beam=beam, n_best=beam) for beam in (1, 2, 5)}

    def ask(place: int) -> bool:
        beam = (1, 2, 5)[place % 3]
        return bool(model.translate(TEXTS[place:], beam=beam, n_best=beam) == wanted[beam][place:])

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, range(12)))


def test_threads_and_queues_change_nothing(tiny_translator_bundle: Path, model: Model) -> None:
    wanted = model.translate(TEXTS, beam=2)
    queue = TextQueue(2)
    for options in ({"threads": 1}, {"threads": 3}, {"sharing": queue}):
        with load(tiny_translator_bundle, **options) as other:
            assert other.translate(TEXTS, beam=2) == wanted
    queue.close()


def test_a_list_a_stream_and_a_text_give_the_same_in_order(model: Model) -> None:
    texts = some_texts(300, seed=4)
    wanted = model.translate(texts)
    assert list(model.translate(iter(texts))) == wanted
    assert model.translate(texts[7]) == wanted[7]
    assert model.translate([]) == list(model.translate(iter([]))) == []


def test_a_stream_is_read_as_its_answers_are_taken(model: Model) -> None:
    read = 0

    def stream() -> Iterator[str]:
        nonlocal read
        for text in some_texts(20_000, seed=2):
            read += 1
            yield text

    answers = model.translate(stream())
    next(answers)
    assert read == 1  # the first answer waits for no other text
    next(answers)
    assert read < 5_000
    del answers  # what was begun of it is given up
    assert model.translate("the lamp") == model.translate("the lamp")


def test_an_error_in_a_stream_comes_after_the_answers_before_it(model: Model) -> None:
    answers = model.translate(["the lamp", 7, "anna"].__iter__())  # type: ignore[arg-type]
    assert next(answers) == model.translate("the lamp")
    with pytest.raises(InputError, match="text 1: expected str, not int"):
        next(answers)


def test_requests_share_steps_and_can_be_awaited(model: Model) -> None:
    async def ask() -> list[Translated]:
        return list(await asyncio.gather(*[model.atranslate(text, beam=2) for text in TEXTS * 3]))

    assert asyncio.run(ask()) == model.translate(TEXTS * 3, beam=2)
    told = model.submit("translate", TEXTS, n_best=2, beam=3).result()
    assert told.value == model.translate(TEXTS, n_best=2, beam=3)
    assert told.tokens == tuple(model.count_tokens(TEXTS))
    assert told.cut == (False,) * len(TEXTS)


def test_a_cancelled_request_leaves_its_rows_to_others(tiny_translator_bundle: Path) -> None:
    with load(tiny_translator_bundle, threads=1) as model:
        long = model.submit("translate", some_texts(3_000, seed=8), beam=8)
        short = model.submit("translate", "the lamp is on")
        assert short.result().value == model.translate("the lamp is on")
        assert long.cancel()
        assert model.translate("the lamp is on") == short.result().value
        assert long.cancelled()


def test_scores_are_those_of_the_tokens(model: Model) -> None:
    for text, output in zip(TEXTS, model.outputs(TEXTS), strict=True):
        (sentence,) = model.translate(text).sentences
        assert tuple(output[:, 0].astype(int)) == sentence.tokens
        assert sentence.score == pytest.approx(float(output[:, 1].mean()), abs=1e-5)
        assert model.translate(text).score == pytest.approx(sentence.score)
        (best,) = model.translate(text, length_penalty=0.0).sentences
        assert best.score == pytest.approx(float(output[:, 1].sum()), abs=1e-5)


def test_candidates_are_the_best_of_the_beam(model: Model) -> None:
    for text in TEXTS[:8]:
        told = model.translate(text, beam=4, n_best=4)
        (sentence,) = told.sentences
        scores = [sentence.score, *(one.score for one in sentence.others)]
        assert len(scores) == 4
        assert scores == sorted(scores, reverse=True)
        assert told.others == sentence.others
        best = model.translate(text, beam=4)
        assert (best.text, best.score, best.others) == (told.text, told.score, None)


def test_max_length_bounds_the_tokens_of_each_sentence(model: Model) -> None:
    for most in (1, 2, 7):
        for told in model.translate(TEXTS, max_length=most, beam=2):
            assert all(len(one.tokens) <= most for one in told.sentences)
    wide = model.translate(TEXTS, max_length=10_000)
    assert wide == model.translate(TEXTS)


def test_next_tokens_are_those_of_the_steps(model: Model) -> None:
    told = model.translate(TEXTS)
    found = model.next_tokens([(text, one.text) for text, one in zip(TEXTS, told, strict=True)])
    outputs = model.outputs(TEXTS)
    again = 0
    for one, output in zip(found, outputs, strict=True):
        if one.expected.tolist() != output[:, 0].astype(int).tolist():
            continue  # it was cut at its limit, or reads otherwise than it was written
        again += 1
        np.testing.assert_array_equal(one.likeliest, one.expected)
        np.testing.assert_allclose(one.log_probabilities[:, 1], output[:, 1], atol=1e-4)
    assert again > len(TEXTS) // 4


# What stays as it is.


@pytest.mark.parametrize("text", ["", "  \n ", "!!! ???", "123", "3.14 %", "😀 👨‍👩‍👧", "— … —"])
def test_what_has_no_letters_comes_back_as_it_is(model: Model, text: str) -> None:
    for told in (model.translate(text), model.translate(text, beam=3, n_best=2)):
        assert (told.text, told.score) == (text, 0.0)
        assert all(one.tokens == () for one in told.sentences)


KEPT = ["{name}", "%(x)d", "<b>", "&amp;", "https://a.b/c?d=1", "me@x.org", "😀", "2,013", "ᚠᚢᚦ"]


@pytest.mark.parametrize("beam", [1, 3])
def test_placeholders_numbers_and_what_cannot_be_read_survive(model: Model, beam: int) -> None:
    texts = [f"the lamp {kept} is on {kept} in paris" for kept in KEPT]
    texts.append("turn " + " and ".join(KEPT))
    for text, told in zip(texts, model.translate(texts, beam=beam, n_best=beam), strict=True):
        for kept in KEPT:
            assert told.text.count(kept) >= text.count(kept)
            for one in told.others or ():
                assert one.text.count(kept) >= text.count(kept) or beam > 1
    assert model.translate(texts[-1], beam=beam, n_best=beam) == told


def test_another_script_is_kept_where_the_tokenizer_does_not_know_it(model: Model) -> None:
    text = "ᚠᚢᚦ ᚨᚱᚲ, ᚠᚢᚦ!"
    assert model.translate(text).text == text


def test_a_word_is_kept_whole_where_one_of_its_letters_is_not_known(model: Model) -> None:
    text = "the lampᚠ is on☃ in paris"
    told = model.translate(text).text
    assert "lampᚠ" in told
    assert "☃" in told
    unread = model.translator.tokenizers.unread(text, model.tokenizer.encode(text))  # type: ignore[union-attr]
    assert [text[span.start : span.end] for span in unread] == ["lampᚠ", "☃"]


def test_sentences_tell_where_they_stand_and_white_space_stays(model: Model) -> None:
    text = "  The lamp is on.  Anna is in paris!\n\n\tTurn off the light\n"
    told = model.translate(text)
    parts = [text[one.start : one.end] for one in told.sentences]
    assert parts == ["The lamp is on.", "Anna is in paris!", "Turn off the light"]
    first, second, third = (one.text for one in told.sentences)
    assert told.text == f"  {first}  {second}\n\n\t{third}\n"
    assert [one.text for one in model.translate(parts)] == [first, second, third]


@pytest.mark.parametrize("mark", [" ", ", ", "，"])
def test_a_sentence_longer_than_the_model_reads_is_read_in_parts(model: Model, mark: str) -> None:
    text = mark.join(WORDS * 60)
    told = model.translate(text, max_length=4)
    assert len(told.sentences) > 1
    read = "".join(text[one.start : one.end] for one in told.sentences)
    assert "".join(read.split()) == "".join(text.split())
    counts = model.count_tokens([text[one.start : one.end] for one in told.sentences])
    assert max(counts) <= model.max_length


# What cannot be.


@pytest.mark.parametrize(
    "options",
    [
        {"beam": 0},
        {"beam": 10**6},
        {"n_best": 2},
        {"max_length": 0},
        {"length_penalty": float("nan")},
    ],
)
def test_options_that_cannot_be_are_one_line(model: Model, options: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        model.translate("the lamp", **options)
    assert str(error.value).startswith(f"{next(iter(options))}=")
    assert "\n" not in str(error.value)
    with pytest.raises(InputError):
        model.submit("translate", "the lamp", **options).result()


def test_other_verbs_say_what_they_need(model: Model, tiny_int8: Path) -> None:
    with pytest.raises(InputError, match="is a translation bundle; embed needs one for feature-"):
        model.embed("the lamp")
    with load(tiny_int8) as embedder:
        with pytest.raises(InputError, match="translate needs one for translation"):
            embedder.translate("the lamp")
        with pytest.raises(InputError, match="next_tokens needs one for translation"):
            embedder.next_tokens([("the lamp", "die Lampe")])


@pytest.mark.parametrize("texts", [7, None, [None], ["a", b"b"], [("a", "b")], ["\ud800"]])
def test_what_is_no_text_is_told(model: Model, texts: Any) -> None:
    with pytest.raises(InputError):
        model.translate(texts)


def changed(bundle: Path, folder: Path, **writing: Any) -> Path:
    """A copy whose manifest says otherwise how its decoder writes."""
    shutil.copytree(bundle, folder)
    manifest = open_bundle(folder).manifest
    assert manifest.writing is not None
    said = replace(manifest, writing=replace(manifest.writing, **writing))
    write_manifest(said, folder / MANIFEST)
    return folder


@pytest.mark.parametrize(
    ("writing", "told"),
    [
        ({"layers": 3}, "has no output cross_key.2"),
        ({"layers": 1}, "decoder.onnx does not fit its manifest: its input cross_key.1 is not"),
        ({"vocabulary": 77}, "output log_probabilities is ?x?x"),
        ({"heads": 9}, "not ?x9x?x"),
    ],
)
def test_a_decoder_that_does_not_fit_its_manifest_is_refused(
    tiny_translator_bundle: Path, tmp_path: Path, writing: dict[str, int], told: str
) -> None:
    folder = changed(tiny_translator_bundle, tmp_path / "other", **writing)
    with pytest.raises(BundleError) as error:
        load(folder)
    assert told in str(error.value)
    assert str(error.value).startswith(f"{folder} is damaged: ")


def test_a_target_tokenizer_of_another_size_is_refused(
    tiny_translator_bundle: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_translator_bundle, tmp_path / "other")
    shutil.copyfile(folder / "tokenizer.json", folder / "tokenizer_target.json")
    with pytest.raises(
        BundleError, match=r"tokenizer_target\.json has \d+ pieces, and its decoder"
    ):
        load_unproved(folder)


def test_a_bundle_without_its_decoder_is_refused(
    tiny_translator_bundle: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_translator_bundle, tmp_path / "other")
    (folder / "decoder.onnx").unlink()
    with pytest.raises(BundleError, match=r"decoder\.onnx is missing"):
        load(folder)


def test_a_decoder_that_gives_no_numbers_is_told(
    tiny_translator_bundle: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_translator_bundle, tmp_path / "other")
    graph = onnx.load(folder / "decoder.onnx")
    for weight in graph.graph.initializer:
        if weight.data_type == onnx.TensorProto.FLOAT and len(weight.dims) == 2:
            values = np.full(tuple(weight.dims), np.nan, np.float32)
            weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    onnx.save(graph, folder / "decoder.onnx")
    with load_unproved(folder) as model:
        for ask in (lambda: model.translate(TEXTS), lambda: model.translate("a lamp", beam=2)):
            with pytest.raises(BundleError, match="no numbers"):
                ask()


def load_unproved(folder: Path) -> Model:
    from edgebert.bundle import read_bundle
    from edgebert.runtimes.loading import open_model

    return open_model(read_bundle(folder))


def test_kernels_that_were_not_measured_and_providers_that_are_not_there_are_told(
    tiny_translator_bundle: Path,
) -> None:
    for options in ({"kernels": "required"}, {"provider": "cuda"}):
        with pytest.raises(ProviderError) as error:
            load(tiny_translator_bundle, **options)  # type: ignore[arg-type]
        assert "\n" not in str(error.value)


# A model's life.


def test_a_closed_translator_says_so(tiny_translator_bundle: Path) -> None:
    model = load(tiny_translator_bundle)
    model.translate(TEXTS)
    waiting = model.submit("translate", some_texts(2_000), beam=4)
    model.close()
    for ask in (lambda: model.translate("a"), lambda: model.outputs(["a"]), waiting.result):
        with pytest.raises(ClosedError, match="closed"):
            ask()


def test_a_translator_goes_to_another_process(model: Model) -> None:
    with pickle.loads(pickle.dumps(model)) as other:
        assert other.translate(TEXTS[:4], beam=2) == model.translate(TEXTS[:4], beam=2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_process_translates_too(model: Model) -> None:
    wanted = model.translate(TEXTS[:4])
    child = os.fork()
    if child == 0:
        same = False
        try:
            same = model.translate(TEXTS[:4]) == wanted
        finally:
            os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_bundle_that_was_replaced_is_not_opened_again(
    tiny_translator_bundle: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_translator_bundle, tmp_path / "own")
    with load(folder) as model:
        sent = pickle.dumps(model)
        changed_manifest = open_bundle(folder).manifest
        write_manifest(replace(changed_manifest, max_length=17), folder / MANIFEST)
        with pytest.raises(EdgebertError, match="was replaced since it was loaded"):
            pickle.loads(sent)


def test_golden_answers_are_given_again(model: Model) -> None:
    answers = run_golden(model)
    assert answers
    assert all(answer.passed for answer in answers)


def test_options_that_change_a_translation_are_told_by_its_fingerprint(model: Model) -> None:
    plain = model.fingerprint
    assert str(model.made_by(beam=1, length_penalty=1.0)) == plain
    others = [{"beam": 4}, {"length_penalty": 0.6}, {"max_length": 9}]
    told = [str(model.made_by(**options)) for options in others]  # type: ignore[arg-type]
    assert len({plain, *told}) == 4
    assert told[0] == f"{plain}+beam=4"
