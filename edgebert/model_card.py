"""README.md of a bundle: what it is, how small, how far it drifts, how to run it."""

from __future__ import annotations

from edgebert.records.manifest import (
    EMBEDDINGS,
    TEXT_CLASSIFICATION,
    Manifest,
)

_VERBS = {EMBEDDINGS: "embed", TEXT_CLASSIFICATION: "classify"}


def model_card(manifest: Manifest) -> str:
    """Markdown from the manifest alone, so that the two cannot disagree."""
    verb = _VERBS.get(manifest.task, "tag")
    facts = "\n".join(f"| {name} | {value} |" for name, value in _facts(manifest))
    return f"""# {manifest.source.id}, {manifest.precision} for onnxruntime

An edgebert bundle: `model.onnx`, its tokenizer, and golden answers to check it with.

| | |
|---|---|
{facts}

## Run it

    pip install 'edgebert[cpu]'
    edgebert doctor THIS_FOLDER
    edgebert {verb} THIS_FOLDER "a sentence"

```python
import edgebert

model = edgebert.load("THIS_FOLDER")
model.{verb}(["first text", "second text"])
```
{_warning(manifest)}"""


def _facts(manifest: Manifest) -> list[tuple[str, str]]:
    size = sum(entry.size_bytes for entry in manifest.files.values())
    facts = [
        ("task", manifest.task),
        ("architecture", manifest.architecture),
        ("longest input", f"{manifest.max_length} tokens"),
        ("size", f"{size / 1e6:.1f} MB"),
        ("source", f"`{manifest.source.id}`, weights sha256 `{manifest.source.sha256[:16]}`"),
    ]
    if manifest.pooling:
        ending = ", normalized" if manifest.normalize else ""
        facts.append(("embedding", f"{manifest.pooling} pooling{ending}, in the graph"))
    if manifest.labels:
        facts.append(("labels", ", ".join(f"`{label}`" for label in manifest.labels)))
    if manifest.quantization:
        facts.append(("quantization", f"scheme `{manifest.quantization.scheme}`"))
    if manifest.drift:
        facts.append(("drift", _drift(manifest)))
    return facts


def _drift(manifest: Manifest) -> str:
    drift = manifest.drift
    assert drift is not None
    measure = "1 - cosine" if manifest.task == EMBEDDINGS else "change of a probability"
    flips = "" if drift.flips is None else f", {100 * drift.flips:.2f} % of labels changed"
    return (
        f"mean {measure} to the source {drift.mean:.2g}, worst {drift.max:.2g}{flips} "
        f"({drift.n} texts: {drift.texts})"
    )


def _warning(manifest: Manifest) -> str:
    quantization = manifest.quantization
    if quantization is None or quantization.batch_invariant:
        return ""
    return (
        "\nActivation ranges of this scheme are taken over a whole batch: "
        "a text's answer depends slightly on the texts beside it.\n"
    )
