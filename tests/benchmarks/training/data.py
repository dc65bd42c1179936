"""Files that a row needs and no data set has: parts of its training data to choose weights on."""

from __future__ import annotations

import csv
import gzip
import hashlib
import itertools
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from devices.minilm import minilm_folder
from tokenizers import Tokenizer

from benchmarks.carved import CARVED, is_carved
from benchmarks.translation.data import carve_tatoeba

_SEED = 7
_SST2_PHRASES = 26_000
_BANKING_DEV = 1000
_SCIFACT_DEV = 160
_SCIFACT_OTHERS = 1500
_COMMON_PIECES = 9_000
_NAMED = {"agnews": 5000, "panx_en": 5000, "quora": 3000}

_PAIR = ("sentence1", "sentence2")
_SENTENCES = {
    "stsb/train.tsv": _PAIR,
    "snli/dev.tsv.gz": ("premise", "hypothesis"),
    "snli/test.tsv.gz": ("premise", "hypothesis"),
    "quora/dev.tsv.gz": ("question1", "question2"),
    "multi30k/train.tsv.gz": ("en",),
    "sick/train.tsv": ("sentence_a", "sentence_b"),
    "tatoeba_en_zh/all.tsv.gz": ("en",),
    "agnews/train_10k.tsv.gz": ("text",),
    "xnli/dev.en.tsv": ("premise", "hypothesis"),
    "pawsx/dev.en.tsv": ("sentence1",),
}


def carve(files: Iterable[str], data: Path, folder: Path) -> None:
    """Write what of `files` is carved below `folder`/carved, the same every time."""
    for key in sorted({Path(file).parts[1] for file in files if is_carved(file)}):
        _CARVERS[key](data, folder / CARVED / key)


def _carve_sst2(data: Path, target: Path) -> None:
    """As many phrases as a large teacher needs to be better than a small one that learns from all."""
    with gzip.open(data / "sst2/train.tsv.gz", "rt", encoding="utf-8") as lines:
        header, *rows = lines.read().splitlines()
    random.Random(0).shuffle(rows)
    target.mkdir(parents=True, exist_ok=True)
    text = "\n".join([header, *rows[:_SST2_PHRASES]]) + "\n"
    (target / "train.tsv").write_text(text, encoding="utf-8")


def _carve_banking(data: Path, target: Path) -> None:
    """Banking77 publishes no dev: 1,000 rows of train, drawn once."""
    header, *rows = (data / "banking77/train.tsv").read_text(encoding="utf-8").splitlines()
    random.Random(_SEED).shuffle(rows)
    target.mkdir(parents=True, exist_ok=True)
    for name, part in (("dev", rows[:_BANKING_DEV]), ("train", rows[_BANKING_DEV:])):
        text = "\n".join([header, *part]) + "\n"
        (target / f"{name}.tsv").write_text(text, encoding="utf-8")


def _carve_scifact(data: Path, target: Path) -> None:
    """Of the 809 training queries, 160 to choose the weights by, with their judgements.

    The documents are those that are judged, and 1,500 others: enough to choose by, and to find hard
    negatives among, in a third of the time.
    """
    source = data / "scifact"
    target.mkdir(parents=True, exist_ok=True)
    _carve_scifact_texts(source, target)
    (target / "qrels").mkdir(exist_ok=True)
    shutil.copyfile(source / "queries.jsonl", target / "queries.jsonl")
    header, *rows = (source / "qrels_train.tsv").read_text(encoding="utf-8").splitlines()
    with gzip.open(source / "corpus.jsonl.gz", "rt", encoding="utf-8") as corpus:
        documents = {str(json.loads(line)["_id"]): line for line in corpus}
    judged = {row.split("\t")[1] for row in rows}
    others = sorted(documents.keys() - judged)
    kept = judged | set(random.Random(_SEED).sample(others, _SCIFACT_OTHERS))
    text = "".join(line for name, line in documents.items() if name in kept)
    (target / "corpus.jsonl").write_text(text, encoding="utf-8")
    queries = sorted({row.split("\t")[0] for row in rows})
    held = set(random.Random(_SEED).sample(queries, _SCIFACT_DEV))
    for name, is_held in (("dev", True), ("train", False)):
        part = [row for row in rows if (row.split("\t")[0] in held) == is_held]
        text = "\n".join([header, *part]) + "\n"
        (target / "qrels" / f"{name}.tsv").write_text(text, encoding="utf-8")


def _carve_scifact_texts(source: Path, target: Path) -> None:
    """All documents, as they are searched, and the training queries: no judgement is in them."""
    train = {row.split("\t")[0] for row in (source / "qrels_train.tsv").read_text().splitlines()}
    with gzip.open(source / "corpus.jsonl.gz", "rt", encoding="utf-8") as corpus:
        documents = [json.loads(line) for line in corpus]
    with (source / "queries.jsonl").open(encoding="utf-8") as lines:
        queries = [json.loads(line) for line in lines]
    texts = [f"{document['title']} {document['text']}" for document in documents]
    texts += [query["text"] for query in queries if str(query["_id"]) in train]
    _write_texts(texts, target / "texts.txt")


def _carve_sentences(data: Path, target: Path) -> None:
    """Sentences of ten sets without what is said of them; none of STS-B's dev and test."""
    held = {s for name in ("dev", "test") for s in _cells(data / f"stsb/{name}.tsv", _PAIR)}
    found = [cell for file, columns in _SENTENCES.items() for cell in _cells(data / file, columns)]
    found += (data / "text_en/wiki_sents.txt").read_text(encoding="utf-8").splitlines()
    texts = [s for s in dict.fromkeys(map(str.strip, found)) if s and s not in held]
    _write_texts(texts, target / "texts.txt")
    _write_texts(_of_common_pieces(texts), target / "common.txt")


def _of_common_pieces(texts: Sequence[str]) -> list[str]:
    """The texts that all-MiniLM-L6-v2 reads by its most frequent pieces alone."""
    tokenizer = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    pieces = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]
    counts = Counter(itertools.chain.from_iterable(pieces))
    common = {piece for piece, _ in counts.most_common(_COMMON_PIECES)}
    return [text for text, ids in zip(texts, pieces, strict=True) if common.issuperset(ids)]


def _carve_texts_with_names(data: Path, target: Path) -> None:
    """Texts of news, an encyclopedia and users' questions that name somebody or something."""
    found = {
        "agnews": list(_cells(data / "agnews/train_10k.tsv.gz", ("text",))),
        "panx_en": list(_conll_sentences(data / "panx_en/train.conll.gz")),
        "quora": list(_cells(data / "quora/dev.tsv.gz", ("question1",))),
    }
    chance = random.Random(0)
    drawn = [text for name, count in _NAMED.items() for text in chance.sample(found[name], count)]
    kept = [text for text in dict.fromkeys(drawn) if 15 < len(text) < 400]
    chance.shuffle(kept)
    _write_texts(kept, target / "texts.txt")


def _conll_sentences(file: Path) -> Iterator[str]:
    """The sentences of a tagged file, without their tags."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for has_tokens, sentence in itertools.groupby(lines, lambda line: bool(line.strip())):
            if has_tokens:
                yield " ".join(line.split()[0] for line in sentence)


def _cells(file: Path, columns: tuple[str, ...]) -> Iterator[str]:
    """What stands in some columns of a table, row by row."""
    return itertools.chain.from_iterable(_rows(file, columns))


def _rows(file: Path, columns: tuple[str, ...]) -> Iterator[list[str]]:
    """The rows of a table, of some of its columns."""
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield [row[column] for column in columns]


def _write_texts(texts: Sequence[str], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{' '.join(text.split())}\n" for text in texts), encoding="utf-8")


def _carve_tydiqa(data: Path, target: Path) -> None:
    """A tenth of the contexts to measure on and a tenth to choose by, by their hash.

    The copy of the published dev that is at hand has no answers in it.
    """
    parts: dict[str, list[str]] = {"test": [], "dev": [], "train": []}
    with gzip.open(data / "tydiqa_goldp_en/train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            context = json.loads(line)["context"].encode()
            part = int(hashlib.sha256(context).hexdigest(), 16) % 10
            parts[{0: "test", 1: "dev"}.get(part, "train")].append(line)
    target.mkdir(parents=True, exist_ok=True)
    for name, found in parts.items():
        (target / f"{name}.jsonl").write_text("".join(found), encoding="utf-8")


def _carve_tatoeba(data: Path, target: Path) -> None:
    """The split that translators have."""
    carve_tatoeba(data, target.parents[1])


_CARVERS: dict[str, Callable[[Path, Path], None]] = {
    "banking77": _carve_banking,
    "names": _carve_texts_with_names,
    "scifact": _carve_scifact,
    "sentences": _carve_sentences,
    "sst2": _carve_sst2,
    "tydiqa": _carve_tydiqa,
    "tatoeba": _carve_tatoeba,
}
"""What makes each folder below `CARVED`, of all data sets."""
