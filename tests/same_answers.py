"""Do two versions of the code give the same answers, bit for bit?

    python tests/same_answers.py OLD NEW            # two checkouts of this repository
    python tests/same_answers.py OLD NEW --quick    # without exports: in seconds

Both read the bundles, records and files of tests/fixtures/format_1, and make bundles of the same
tiny checkpoints of every family and task: graphs, golden answers, manifests, what every verb
answers and what commands print are compared. A line for each tells whether they are the same; the
exit code is 1 where one is not. Keys that only NEW writes, lines that only NEW prints, and files of
graphs that say the same in other bytes are told, and are no difference.

OLD may also be a file in which `--keep FILE` kept what an earlier run found of NEW.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent
FIXTURES = TESTS / "fixtures"
FORMAT_1 = FIXTURES / "format_1"

Found = dict[str, Any]
"""What a version gave, by the name of what it was asked for."""

OF_THE_RUN = {
    *("created", "machine", "seconds", "edgebert", "created_with"),
    *("digest", "files", "fingerprint", "size_bytes", "source_size_bytes"),
}
"""Keys that tell of when and by what a record or a manifest was made, or what all of it adds up to."""

BYTES = "bytes"
"""Hashes of files that may say the same in another order, and what is made of such hashes."""

_ONE_WAY = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
"""PyTorch's exporter goes through sets of names: it numbers the nodes of some graphs by chance."""

SHOWN = 5
"""Differences of one thing that are printed."""


# what a version does: runs in a process of its own, which imports edgebert from its checkout


@dataclass(frozen=True)
class Case:
    """A tiny checkpoint, and what is made of it.

    Attributes:
        head: what follows `AutoModel` in transformers' class; nothing for an encoder.
        labels: how many labels the head has.
        pooling: of a sentence embedder.
        export: options.
        int8: schemes, each with its options.
    """

    family: str
    head: str = ""
    labels: int = 0
    pooling: str = "mean"
    config: dict[str, Any] = field(default_factory=dict)
    export: dict[str, Any] = field(default_factory=dict)
    int8: dict[str, dict[str, Any]] = field(default_factory=dict)


_CLASSIFIER, _TAGGER = "ForSequenceClassification", "ForTokenClassification"
_SEVERAL = {"problem_type": "multi_label_classification"}
_TWO_LAYERS = {"num_hidden_layers": 2}

CASES = {
    "bert, mean": Case(
        "bert",
        config=_TWO_LAYERS,
        int8={"token": {}, "static": {"isa": "vnni"}, "dynamic": {}, "weight-only": {"bits": 4}},
    ),
    "modernbert, cls": Case("modernbert", pooling="cls", config=_TWO_LAYERS, int8={"token": {}}),
    "nomic, lasttoken": Case("nomic_bert", pooling="lasttoken"),
    "rembert, max": Case("rembert", pooling="max"),
    "roformer, weightedmean": Case("roformer", pooling="weightedmean"),
    "mpnet, mean_sqrt_len": Case("mpnet", pooling="mean_sqrt_len_tokens"),
    "squeezebert, for npu": Case(
        "squeezebert",
        _CLASSIFIER,
        3,
        config={"embedding_size": 32},
        export={"target": "npu", "ids": "int32"},
    ),
    "xlm-roberta, classifier": Case("xlm-roberta", _CLASSIFIER, 3, int8={"token": {}}),
    "distilbert, several labels, for gpu": Case(
        "distilbert",
        _CLASSIFIER,
        3,
        config=_SEVERAL,
        export={"target": "gpu"},
    ),
    "deberta-v2, reranker": Case(
        "deberta-v2", _CLASSIFIER, 1, config={"pooler_hidden_size": 32}, int8={"token": {}}
    ),
    "camembert, tagger, portable": Case(
        "camembert", _TAGGER, 5, export={"target": "portable"}, int8={"static": {}}
    ),
    "deberta, tagger": Case("deberta", _TAGGER, 3, int8={"token": {}}),
    "roberta, fill-mask": Case("roberta", "ForMaskedLM", int8={"token": {}}),
    "albert, fill-mask": Case("albert", "ForMaskedLM"),
    "electra, reader": Case("electra", "ForQuestionAnswering", int8={"token": {}}),
    "bert, trimmed": Case("bert", export={"trim_vocabulary": Path("corpus.txt")}),
}
FOREIGN = ("optimum-4.57", "sentence-transformers", "transformers-js", "ts-eager-5.onnx")


def probe(out: Path, *, quick: bool) -> None:
    """Write what the version that is imported gives."""
    os.environ["XDG_CACHE_HOME"] = str(Path("cache").absolute())
    warnings.simplefilter("ignore")
    shutil.copytree(FIXTURES, "fixtures")
    found = read_fixtures()
    if not quick:
        found |= make_bundles()
    out.write_text(json.dumps(found), encoding="utf-8")


def read_fixtures() -> Found:
    """What a version reads of the bundles, records and files that the first one wrote."""
    found: Found = {}
    root = Path("fixtures/format_1")
    for bundle in sorted((root / "bundles").iterdir()):
        found[f"bundle {bundle.name}"] = attempt(answers_and_fingerprint, bundle) | {
            "inspect": printed("inspect", bundle),
            "doctor": printed("doctor", bundle),
        }
    for record in sorted((root / "records").iterdir()):
        found[f"record {record.stem}"] = {"text": printed("report", record, "--markdown", "-")}
    return found | run_verbs(root) | run_checks(root)


def run_verbs(root: Path) -> Found:
    """The files that embed, classify and tag write."""
    found: Found = {}
    for verb, bundle, ending in (
        *(("embed", "embedder-int8", ending) for ending in ("jsonl", "csv", "npy", "parquet")),
        *(("classify", "multi-label", ending) for ending in ("jsonl", "csv", "parquet")),
        *(("tag", "tagger-int8", ending) for ending in ("jsonl", "csv", "parquet")),
    ):
        target = Path(f"{verb}.{ending}")
        texts = ("--input", root / "saved/texts.txt", "--output", target)
        told = printed(verb, root / "bundles" / bundle, *texts)
        found[f"{verb} to .{ending}"] = {"told": told, "file": sha256(target)}
        if ending == "jsonl":
            found[f"{verb} to .{ending}"]["text"] = target.read_text()
    return found


def run_checks(root: Path) -> Found:
    """What check and quantize say, and the records that they write."""
    found: Found = {}
    for name in ("embedder", "classifier", "tagger"):
        sides = (root / "bundles" / name, root / "bundles" / f"{name}-int8")
        record = Path(f"check-{name}.json")
        told = printed("check", *sides, "--slice", "length", "--json", record)
        found[f"check {name}"] = {"told": told, "record": without_the_run(read(record))}
        found[f"check {name}"]["text"] = printed("check", *sides)
    return found


def make_bundles() -> Found:
    """What a version makes of checkpoints and of other tools' exports."""
    keep_the_operator_table()
    Path("corpus.txt").write_text("anna is in paris\nben was late\nturn it off\n" * 20)
    found: Found = {}
    for number, (name, case) in enumerate(CASES.items()):
        checkpoint, bundle = Path(f"c{number}"), Path(f"b{number}")
        make_checkpoint(checkpoint, case)
        found[f"export {name}"] = attempt(export, checkpoint, bundle, case)
        for scheme, options in case.int8.items():
            found[f"quantize {name}: {scheme}"] = attempt(quantize, bundle, scheme, options)
    for source in FOREIGN:
        found[f"optimize {source}"] = attempt(optimize, Path("fixtures/foreign") / source)
    return found


def attempt(step: Callable[..., Found], *arguments: Any) -> Found:
    """What a step gave, or why it failed: the others are compared all the same."""
    try:
        return step(*arguments)
    except Exception as error:  # noqa: BLE001 - a version that is at work fails in any way
        return {"error": f"{type(error).__name__}: {error}"}


def make_checkpoint(folder: Path, case: Case) -> None:
    import transformers
    from families import as_embedder, make_family

    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1} | case.config
    if case.labels:
        names = [f"{'B-' if case.head == _TAGGER else ''}L{i}" for i in range(case.labels)]
        sizes["id2label"] = dict(enumerate(names))
        sizes["label2id"] = {name: i for i, name in enumerate(names)}
    make_family(folder, case.family, getattr(transformers, f"AutoModel{case.head}"), **sizes)
    if not case.head:
        as_embedder(folder, {"pooling_mode": case.pooling})
        prompts = {"prompts": {"query": "tell that "}, "default_prompt_name": None}
        (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))


def export(checkpoint: Path, bundle: Path, case: Case) -> Found:
    from edgebert.export import ExportOptions, export_model
    from edgebert.records.codec import to_dict

    record = export_model(checkpoint, bundle, options=ExportOptions(**case.export))
    return made(bundle) | {"record": without_the_run(to_dict(record))}


def quantize(bundle: Path, scheme: str, options: dict[str, Any]) -> Found:
    from edgebert.quantize import QuantizeOptions, quantize_bundle
    from edgebert.records.codec import to_dict

    int8 = Path(f"{bundle}-{scheme}")
    record = quantize_bundle(bundle, int8, options=QuantizeOptions(scheme=scheme, **options))
    return made(int8) | {"record": without_the_run(to_dict(record))}


def optimize(source: Path) -> Found:
    from edgebert.export import optimize_export
    from edgebert.records.codec import to_dict

    output = Path(f"fused-{source.name}")
    record = without_the_run(to_dict(optimize_export(source, output)))
    if output.is_file():
        return {"record": record, "graph": graph_sha256(output), BYTES: {"file": sha256(output)}}
    return made(output) | {"record": record}


def made(bundle: Path) -> Found:
    """All that is in a bundle, and all that it answers."""
    names = sorted(p.relative_to(bundle).as_posix() for p in bundle.rglob("*") if p.is_file())
    files = {name: sha256(bundle / name) for name in names if name != "manifest.json"}
    found = answers_and_fingerprint(bundle)
    hashes = {"model.onnx": files.pop("model.onnx"), "fingerprint": found.pop("fingerprint")}
    return found | {
        "files": files,
        "manifest": without_the_run(read(bundle / "manifest.json")),
        "graph": graph_sha256(bundle / "model.onnx"),
        BYTES: hashes,
    }


def answers_and_fingerprint(bundle: Path) -> Found:
    from bundle_answers import answers_of

    import edgebert

    with edgebert.load(bundle, threads=1) as model:
        return {"fingerprint": model.fingerprint, "answers": answers_of(model)}


def printed(*arguments: str | Path) -> dict[str, int]:
    """The lines that a command prints and how often each, without what differs from run to run."""
    from click.testing import CliRunner

    from edgebert.cli import main

    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    lines = re.sub(r"\d+(\.\d+)? (ms|s)\b", "TIME", result.output).splitlines()
    return Counter([f"exit code {result.exit_code}", *lines])


def keep_the_operator_table() -> None:
    """PyTorch's exporter reads all of its operators anew for each model: a sixth of its time."""
    from functools import cache

    from torch.onnx._internal.exporter._registration import ONNXRegistry

    read_table: Callable[..., Any] = cache(ONNXRegistry.from_torchlib)
    ONNXRegistry.from_torchlib = staticmethod(read_table)  # type: ignore[method-assign]


def without_the_run(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_the_run(v) for key, v in value.items() if key not in OF_THE_RUN}
    return [without_the_run(item) for item in value] if isinstance(value, list) else value


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def graph_sha256(path: Path) -> str:
    """Of what a graph's file says, in whatever order it says it."""
    import onnx

    return hashlib.sha256(onnx.load(path).SerializeToString(deterministic=True)).hexdigest()


# the comparison of two


def found_by(version: Path, scratch: Path, *, quick: bool) -> Found:
    """Ask one version, in a process that imports edgebert from its checkout."""
    if version.is_file():
        found: Found = read(version)
        return {name: f for name, f in found.items() if not (quick and is_made(name))}
    checkout, out = version.resolve(), scratch / "found.json"
    if not (checkout / "edgebert" / "__init__.py").is_file():
        raise SystemExit(f"{version} is no checkout of edgebert")
    with tempfile.TemporaryDirectory(dir=scratch) as work:
        how = ["--probe", str(out), *(["--quick"] if quick else [])]
        subprocess.run(
            [sys.executable, str(TESTS / "same_answers.py"), str(checkout), str(checkout), *how],
            cwd=work,
            env=os.environ | _ONE_WAY | {"PYTHONPATH": str(checkout)},
            stderr=None if "EDGEBERT_DEBUG" in os.environ else subprocess.DEVNULL,
            check=True,
        )
    return dict(read(out))


def require_imported_from(checkout: Path) -> None:
    import edgebert

    if not Path(edgebert.__file__).is_relative_to(checkout):
        raise SystemExit(f"edgebert came from {edgebert.__file__}, not from {checkout}")


def is_made(name: str) -> bool:
    return name.startswith(("export ", "quantize ", "optimize "))


def differences(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """A line for each value that differs; keys that only `new` has are no difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old:
            at = f"{where}, {key}" if where else key
            if key in new:
                yield from differences(old[key], new[key], at)
            else:
                yield f"{at}: only the old one has it"
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{where}[{place}]")
    elif old != new:
        yield f"{where}: {_shown(old, new)}"


def _shown(old: Any, new: Any) -> str:
    """Both from where they differ."""
    one, other = repr(old), repr(new)
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, same - 30)
    return f"{one[start : start + 90]} -> {other[start : start + 90]}"


def _without_bytes(found: Any) -> Any:
    return {k: v for k, v in found.items() if k != BYTES} if isinstance(found, dict) else found


def _bytes(found: Any) -> Any:
    return found.get(BYTES, {}) if isinstance(found, dict) else {}


def new_keys(old: Any, new: Any, where: str = "") -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in new:
            at = f"{where}, {key}" if where else key
            if key not in old:
                yield at
            else:
                yield from new_keys(old[key], new[key], at)


def compare(old: Found, new: Found) -> int:
    """Print a line for each; return how many differ."""
    differing = 0
    for name in {**old, **new}:
        if name not in old:
            print(f"new    {name}")
            continue
        lines = list(differences(*(_without_bytes(found.get(name)) for found in (old, new))))
        differing += bool(lines)
        failed = f", which failed: {old[name]['error']}" if "error" in old[name] else ""
        print(f"{'DIFFERS' if lines else 'same  '} {name}{failed}")
        for line in lines[:SHOWN]:
            print(f"         {line}")
        if len(lines) > SHOWN:
            print(f"         and {len(lines) - SHOWN:,} more")
        for line in differences(_bytes(old[name]), _bytes(new.get(name))):
            print(f"         other bytes: {line}")
        for key in new_keys(old[name], new.get(name)):
            print(f"         new: {key}")
    return differing


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("old", type=Path, help="checkout, or a file that --keep wrote")
    parser.add_argument("new", type=Path, help="checkout")
    parser.add_argument("--quick", action="store_true", help="make no bundles, only read them")
    parser.add_argument("--keep", type=Path, help="where to keep what NEW gave")
    parser.add_argument("--probe", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.probe:
        require_imported_from(chosen.new)
        probe(chosen.probe, quick=chosen.quick)
        return
    with tempfile.TemporaryDirectory() as scratch:
        sides = (chosen.old, chosen.new)
        old, new = (found_by(side, Path(scratch), quick=chosen.quick) for side in sides)
    if chosen.keep:
        chosen.keep.write_text(json.dumps(new), encoding="utf-8")
    differing = compare(old, new)
    print(f"{differing} of {len(old)} differ" if differing else f"all {len(old)} are the same")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
