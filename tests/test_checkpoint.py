"""What a checkpoint folder says about itself, and what is said about one that is none."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from edgebert.checkpoint import Checkpoint, open_checkpoint
from edgebert.errors import CheckpointError
from edgebert.records.manifest import (
    EMBEDDINGS,
    FILL_MASK,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)

BERT = {"model_type": "bert", "architectures": ["BertModel"], "max_position_embeddings": 512}
TENSORS = {
    "embeddings.weight": np.ones((7, 4), np.float32),
    "half": np.ones(3, np.float16),
    "mask": np.ones((2, 2), np.bool_),
    "scale": np.array(3.0),
    "steps": np.zeros(0, np.int64),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plain transformers folder: configuration, weights, vocabulary."""
    path = tmp_path / "model"
    path.mkdir()
    save_file(TENSORS, path / "model.safetensors", metadata={"format": "pt"})
    (path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
    write(path, "config.json", BERT)
    return path


def write(folder: Path, name: str, value: Any) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(value))


def write_modules(folder: Path, *modules: tuple[str, str]) -> None:
    """Write modules.json from (path, class) pairs."""
    entries = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{name}"}
        for i, (path, name) in enumerate(modules)
    ]
    write(folder, "modules.json", entries)


def complaint(path: str | Path, **options: Any) -> str:
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# task


@pytest.mark.parametrize(
    ("architecture", "task"),
    [
        ("BertModel", EMBEDDINGS),
        ("BertForMaskedLM", FILL_MASK),
        ("BertForPreTraining", EMBEDDINGS),
        ("BertForSequenceClassification", TEXT_CLASSIFICATION),
        ("DistilBertForSequenceClassification", TEXT_CLASSIFICATION),
        ("BertForTokenClassification", TOKEN_CLASSIFICATION),
        ("RobertaForQuestionAnswering", QUESTION_ANSWERING),
        ("BertForNextSentencePrediction", EMBEDDINGS),
    ],
)
def test_the_task_follows_from_the_architecture(folder: Path, architecture: str, task: str) -> None:
    write(folder, "config.json", BERT | {"architectures": [architecture]})
    assert open_checkpoint(folder).task == task


@pytest.mark.parametrize("architectures", [None, []])
def test_without_an_architecture_it_is_an_encoder(folder: Path, architectures: Any) -> None:
    write(folder, "config.json", BERT | {"architectures": architectures})
    checkpoint = open_checkpoint(folder)
    assert (checkpoint.task, checkpoint.pooling, checkpoint.normalize) == (
        EMBEDDINGS,
        "mean",
        False,
    )


def test_a_sentence_transformers_folder_embeds_whatever_its_architecture(folder: Path) -> None:
    write(folder, "config.json", BERT | {"architectures": ["BertForSequenceClassification"]})
    write_modules(folder, ("", "Transformer"))
    assert open_checkpoint(folder).task == EMBEDDINGS


def test_the_task_that_is_asked_for_counts(folder: Path) -> None:
    checkpoint = open_checkpoint(folder, task=TEXT_CLASSIFICATION)
    assert (checkpoint.task, checkpoint.pooling) == (TEXT_CLASSIFICATION, None)


def test_labels_come_in_the_order_of_the_logits(folder: Path) -> None:
    names = {str(i): f"L{i}" for i in (10, 2, 0, 1, 3, 4, 5, 6, 7, 8, 9)}
    heads = {"architectures": ["BertForSequenceClassification"], "id2label": names}
    write(folder, "config.json", BERT | heads)
    checkpoint = open_checkpoint(folder)
    assert checkpoint.labels == tuple(f"L{i}" for i in range(11))
    assert checkpoint.problem_type == "single_label_classification"


def test_an_embedding_model_has_no_labels(folder: Path) -> None:
    write(folder, "config.json", BERT | {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}})
    checkpoint = open_checkpoint(folder)
    assert (checkpoint.labels, checkpoint.problem_type) == ((), None)


# max length


def test_max_length_is_taken_from_the_first_that_states_one(folder: Path) -> None:
    found = []

    def look(asked: int | None = None) -> None:
        checkpoint = open_checkpoint(folder, max_length=asked)
        found.append((checkpoint.max_length, checkpoint.max_length_source))

    look()
    write(folder, "tokenizer_config.json", {"model_max_length": 128})
    look()
    write(folder, "sentence_bert_config.json", {"max_seq_length": 256})
    look()
    look(64)
    assert found == [
        (512, "config.json"),
        (128, "tokenizer_config.json"),
        (256, "sentence_bert_config.json"),
        (64, "--max-length"),
    ]


@pytest.mark.parametrize("stated", [None, int(1e30), 0])
def test_a_length_that_says_nothing_is_passed_over(folder: Path, stated: int | None) -> None:
    write(folder, "sentence_bert_config.json", {"max_seq_length": None})
    write(folder, "tokenizer_config.json", {"model_max_length": stated})
    checkpoint = open_checkpoint(folder)
    assert (checkpoint.max_length, checkpoint.max_length_source) == (512, "config.json")


def test_the_old_name_of_the_length_is_read_and_a_word_is_none(folder: Path) -> None:
    write(folder, "tokenizer_config.json", {"max_len": 100})
    assert open_checkpoint(folder).max_length == 100
    write(folder, "tokenizer_config.json", {"model_max_length": "512"})
    assert complaint(folder) == (
        f"{folder}/tokenizer_config.json: the longest input is a number, not '512'"
    )


def test_no_length_goes_beyond_the_position_table(folder: Path) -> None:
    write(folder, "sentence_bert_config.json", {"max_seq_length": 4096})
    assert open_checkpoint(folder).max_length == 512
    for asked in (513, 2):
        message = complaint(folder, max_length=asked)
        assert message == f"max length {asked} is outside 3..512, the position table"


def test_the_position_table_of_a_roberta_starts_after_its_padding(folder: Path) -> None:
    roberta = {"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}
    write(folder, "config.json", roberta)
    assert open_checkpoint(folder).max_length == 512
    assert complaint(folder, max_length=513).startswith("max length 513 is outside 3..512")


@pytest.mark.parametrize(
    ("config", "length"),
    [
        ({"model_type": "camembert", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": None}, 512),
        ({"model_type": "xlm-roberta-xl", "max_position_embeddings": 514}, 512),
        ({"model_type": "data2vec-text", "max_position_embeddings": 130, "pad_token_id": 0}, 129),
        ({"model_type": "esm", "max_position_embeddings": 1026, "pad_token_id": 1}, 1024),
        ({"model_type": "mpnet", "max_position_embeddings": 514, "pad_token_id": 0}, 512),
        (
            {"model_type": "modernbert", "max_position_embeddings": 8192, "pad_token_id": 50283},
            8192,
        ),
        ({"model_type": "deberta-v2", "max_position_embeddings": 512, "pad_token_id": 0}, 512),
        ({"model_type": "xlnet", "n_layer": 12}, 512),
        ({"model_type": "xlnet", "max_position_embeddings": -1}, 512),
    ],
)
def test_every_family_counts_its_positions(
    folder: Path, config: dict[str, Any], length: int
) -> None:
    write(folder, "config.json", config)
    write(folder, "tokenizer_config.json", {"model_max_length": 10**30})
    assert open_checkpoint(folder).max_length == length


def test_without_a_position_table_the_tokenizer_decides(folder: Path) -> None:
    write(folder, "config.json", {"model_type": "xlnet", "n_layer": 12})
    write(folder, "tokenizer_config.json", {"model_max_length": 1024})
    assert open_checkpoint(folder).max_length == 1024
    assert open_checkpoint(folder, max_length=4000).max_length == 4000
    write(folder, "sentence_xlnet_config.json", {"max_seq_length": 100})
    checkpoint = open_checkpoint(folder)
    assert (checkpoint.max_length, checkpoint.max_length_source) == (
        100,
        "sentence_bert_config.json",
    )


# sentence-transformers


@pytest.mark.parametrize(
    ("config", "pooling"),
    [
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, "mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode": "mean", "embedding_dimension": 4}, "mean"),
        ({"pooling_mode": "cls"}, "cls"),
        ({"pooling_mode": ["max"]}, "max"),
        ({"pooling_mode_max_tokens": True}, "max"),
        ({"pooling_mode_lasttoken": True}, "lasttoken"),
        ({"pooling_mode": "lasttoken", "include_prompt": False}, "lasttoken"),
        ({"pooling_mode_weightedmean_tokens": True}, "weightedmean"),
        ({"pooling_mode": "mean_sqrt_len_tokens"}, "mean_sqrt_len_tokens"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}, "cls+mean"),
        ({"pooling_mode": ["mean", "cls"]}, "mean+cls"),
        ({"pooling_mode": "cls", "pooling_mode_cls_token": True}, "cls"),
        ({"word_embedding_dimension": 64}, "mean"),
    ],
)
def test_pooling_is_read_in_both_spellings(
    folder: Path, config: dict[str, Any], pooling: str
) -> None:
    write_modules(folder, ("", "Transformer"), ("1_Pooling", "Pooling"))
    write(folder, "1_Pooling/config.json", config)
    checkpoint = open_checkpoint(folder)
    assert (checkpoint.pooling, checkpoint.normalize) == (pooling, False)


def test_normalization_is_a_module(folder: Path) -> None:
    write_modules(folder, ("", "Transformer"), ("1_Pooling", "Pooling"), ("2", "Normalize"))
    write(folder, "1_Pooling/config.json", {"pooling_mode": "cls"})
    assert open_checkpoint(folder).normalize


def test_an_encoder_below_the_folder_is_found(folder: Path) -> None:
    root = folder.parent
    write_modules(root, (folder.name, "Transformer"), ("1_Pooling", "Pooling"))
    write(root, "1_Pooling/config.json", {"pooling_mode": "cls"})
    write(root, "config_sentence_transformers.json", {"prompts": {"query": "Q: "}})
    write(folder, "sentence_bert_config.json", {"max_seq_length": 40})
    checkpoint = open_checkpoint(root)
    assert (checkpoint.path, checkpoint.root, checkpoint.id) == (folder, root, root.name)
    assert (checkpoint.pooling, checkpoint.max_length) == ("cls", 40)
    assert checkpoint.prompts == {"query": "Q: "}


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"pooling_mode_of_our_own": True}, "['pooling_mode_of_our_own']"),
        ({"pooling_mode": ["mean", "attention"]}, "['mean', 'attention']"),
        ({"pooling_mode_mean_tokens": False}, "nothing"),
    ],
)
def test_a_pooling_that_is_not_supported_is_named(
    folder: Path, config: dict[str, Any], named: str
) -> None:
    write_modules(folder, ("", "Transformer"), ("1_Pooling", "Pooling"))
    write(folder, "1_Pooling/config.json", config)
    assert complaint(folder) == (
        f"{folder} pools by {named}; mean, cls, max, lasttoken, mean_sqrt_len_tokens or "
        "weightedmean is supported"
    )


def test_a_module_that_is_not_supported_is_named(folder: Path) -> None:
    write_modules(folder, ("", "Transformer"), ("2_LSTM", "LSTM"))
    assert complaint(folder) == f"{folder} uses modules that cannot be exported: ['LSTM']"


@pytest.mark.parametrize(
    "content", ["{", "[1]", '{"0": "Transformer"}', '[{"type": 1, "path": ""}]']
)
def test_a_modules_file_that_is_none_is_told(folder: Path, content: str) -> None:
    (folder / "modules.json").write_text(content)
    expected = f"{folder}/modules.json is not a list of sentence-transformers modules"
    assert complaint(folder) == expected


# no checkpoint


def test_a_folder_without_a_configuration_is_no_checkpoint(folder: Path) -> None:
    (folder / "config.json").unlink()
    assert complaint(folder) == (
        f"{folder} is not a checkpoint: it has no config.json. "
        "Expected a folder that transformers or sentence-transformers wrote"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"layers": 2}', " is not a checkpoint: it has a config.json without 'model_type'. Expected a folder that transformers or sentence-transformers wrote"),
        ('{"model_type": ', "/config.json cannot be read as JSON"),
        ("[]", "/config.json should hold a JSON object"),
    ],
)  # fmt: skip
def test_a_bad_configuration_is_told(folder: Path, content: str, expected: str) -> None:
    (folder / "config.json").write_text(content)
    assert complaint(folder) == f"{folder}{expected}"


def test_a_file_is_no_checkpoint(folder: Path) -> None:
    path = folder / "config.json"
    assert complaint(path) == f"{path} is a file; a checkpoint is a folder with config.json"


def test_a_path_that_is_not_there_never_goes_to_the_hub(tmp_path: Path) -> None:
    for path in (str(tmp_path / "none"), "./none", "../none", "a/b/c", "~/none"):
        assert complaint(path) == f"{path} does not exist"


@pytest.mark.parametrize("name", ["someone/some-model", "some-model"])
def test_offline_never_asks_the_hub(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    expected = f"{name} is no local folder, and --offline forbids the hub"
    assert complaint(name, offline=True) == expected
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert complaint(name) == expected


def test_a_missing_tokenizer_is_told(folder: Path) -> None:
    (folder / "vocab.txt").unlink()
    expected = f"{folder} has no tokenizer: expected tokenizer.json or vocab.txt"
    assert complaint(folder) == expected


def test_a_damaged_tokenizer_is_told(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"version": ')
    assert complaint(folder) == f"{folder}/tokenizer.json cannot be read as JSON"


# weights


def test_missing_weights_are_told(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert complaint(folder) == f"{folder} has no weights: expected model.safetensors"


def test_pickled_weights_are_never_opened(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    assert complaint(folder) == (
        f"{folder}/pytorch_model.bin is a pickle, which can run code when it is opened: "
        "save the model as safetensors first, or export it with --allow-pickle"
    )


def test_weights_in_several_files_make_one_hash(folder: Path) -> None:
    single = open_checkpoint(folder).sha256()
    save_file({"more": np.ones(3, np.float32)}, folder / "model-2.safetensors")
    checkpoint: Checkpoint = open_checkpoint(folder)
    assert len(single) == len(checkpoint.sha256()) == 64
    assert checkpoint.sha256() != single


@pytest.mark.parametrize("size", [0, 5, 8, 60, -1, -100])
def test_cut_weights_are_told_before_anything_is_loaded(folder: Path, size: int) -> None:
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:size])
    assert complaint(folder).startswith(f"{weights} is damaged: ")


def test_weights_with_something_behind_them_are_told(folder: Path) -> None:
    weights = folder / "model.safetensors"
    size = weights.stat().st_size
    weights.write_bytes(weights.read_bytes() + b"\0\0\0\0")
    expected = f"{weights} is damaged: {size + 4} bytes, but its header says {size}"
    assert complaint(folder) == expected


def _header(data: bytes) -> dict[str, Any]:
    (length,) = struct.unpack("<Q", data[:8])
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    return header


def _with_header(data: bytes, header: Any) -> bytes:
    """The same tensors behind another header."""
    (length,) = struct.unpack("<Q", data[:8])
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda header: [],
        lambda header: 333,
        lambda header: header | {"embeddings.weight": 3},
        lambda header: header | {"half": {"dtype": "F16", "shape": [3]}},
        lambda header: header | {"half": header["half"] | {"dtype": "F99"}},
        lambda header: header | {"half": header["half"] | {"dtype": 16}},
        lambda header: header | {"half": header["half"] | {"shape": [4]}},
        lambda header: header | {"half": header["half"] | {"shape": "3"}},
        lambda header: header | {"half": header["half"] | {"data_offsets": [0, 6]}},
        lambda header: header | {"half": header["half"] | {"data_offsets": [0]}},
        lambda header: {name: header[name] for name in header if name != "half"},
    ],
)
def test_a_spoiled_header_is_told(folder: Path, spoil: Callable[[dict[str, Any]], Any]) -> None:
    weights = folder / "model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(_with_header(data, _header(data)))
    open_checkpoint(folder)
    weights.write_bytes(_with_header(data, spoil(_header(data))))
    assert complaint(folder) == f"{weights} is damaged: its header cannot be read"


def test_a_flipped_byte_in_the_header_never_gives_more_than_one_line(folder: Path) -> None:
    weights = folder / "model.safetensors"
    data = weights.read_bytes()
    for position in range(8 + len(json.dumps(_header(data)))):
        spoiled = bytearray(data)
        spoiled[position] ^= 0x15
        weights.write_bytes(spoiled)
        try:
            open_checkpoint(folder)  # a letter of a tensor's name may change unseen
        except CheckpointError as error:
            assert str(error).startswith(f"{weights} is damaged: ")
