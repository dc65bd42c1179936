"""README.md of a bundle: what it is, how small, how fast, how far it drifts, how to run it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath

from edgebert.bundle import MODEL_CARD, Bundle
from edgebert.measures import found_in
from edgebert.records.checked import CheckRecord
from edgebert.records.header import Header
from edgebert.records.made import QuantizeRecord
from edgebert.records.manifest import ANY_CPU, Kernels, Manifest, Quantization, Web, Writing
from edgebert.records.timed import BenchBundle, BenchRecord, BenchResult
from edgebert.tasks import task_of

Fact = tuple[str, str]


def write_model_card(bundle: Bundle, records: Sequence[Header] = ()) -> None:
    """Write the bundle's README.md anew, with what records of it say (see `model_card`)."""
    (bundle.path / MODEL_CARD).write_text(model_card(bundle, records), encoding="utf-8")


def model_card(bundle: Bundle, records: Sequence[Header] = ()) -> str:
    """Markdown from the manifest, and from records of this bundle where there are any.

    Args:
        bundle: the bundle.
        records: its quantize record says how much smaller it became, a check record how far it
            drifts, a bench record (matched by the bundle's hash) how fast it is.
    """
    manifest = bundle.manifest
    sections = "".join(f"\n{section}\n" for section in _sections(bundle, records))
    return f"""# {manifest.source.id}, {manifest.precision} for onnxruntime

An edgebert bundle: {_contents(manifest)}, and golden answers to check it with.

{_table(("", ""), _facts(bundle, records))}
{sections}
## Run it

    pip install 'edgebert[cpu]'
    edgebert doctor THIS_FOLDER
{_command(manifest.task)}
```python
import edgebert

model = edgebert.load("THIS_FOLDER")
{_call(manifest)}
```
{_warning(manifest)}"""


def _contents(manifest: Manifest) -> str:
    graphs = [f"`{name}`" for name in manifest.graphs.values()]
    if len(graphs) == 1:
        return f"{graphs[0]}, its tokenizer"
    return (
        f"{' and '.join(sorted(graphs, reverse=True))}, the tokenizers of what they read and write"
    )


def _command(task: str) -> str:
    verb = task_of(task).command
    return f'    edgebert {verb} THIS_FOLDER "a sentence"\n' if verb else ""


def _call(manifest: Manifest) -> str:
    """A line of Python that runs the bundle."""
    return task_of(manifest.task).call(manifest.labels, manifest.mask_token)


def _facts(bundle: Bundle, records: Sequence[Header]) -> list[Fact]:
    manifest = bundle.manifest
    facts = [
        ("task", manifest.task),
        ("architecture", manifest.architecture),
        ("made for", _target(manifest)),
        ("longest input", f"{manifest.max_length} tokens"),
        ("size", _size(bundle, records)),
        ("source", f"`{manifest.source.id}`, weights sha256 `{manifest.source.sha256[:16]}`"),
    ]
    if manifest.pooling:
        ending = ", normalized" if manifest.normalize else ""
        facts.append(("embedding", f"{manifest.pooling} pooling{ending}, in the graph"))
        facts.append(("compared by", manifest.similarity))
    if manifest.labels:
        facts.append(("labels", ", ".join(f"`{label}`" for label in manifest.labels)))
    if manifest.writing:
        facts.append(("writes", _writing(manifest.writing)))
        facts.append(("runs in", "Python; an app asks `edgebert serve` over HTTP"))
    if manifest.quantization:
        facts += _quantization(manifest.quantization)
    if manifest.drift:
        facts.append(("drift", _drift(manifest)))
    if manifest.kernels:
        facts.append(("by edgebert's kernels", _kernels(manifest.kernels)))
    if manifest.web:
        facts.append(("in WebAssembly", _web(manifest.web)))
    return facts


def _writing(writing: Writing) -> str:
    """How long translations may be, and with what they are written."""
    return (
        f"{writing.layers} layer{'' if writing.layers == 1 else 's'}, {writing.vocabulary:,} pieces, with bytes for what has "
        f"none; of a sentence at most {writing.longest_per_token} times its tokens and "
        f"{writing.longest_more} more; longer texts sentence by sentence"
    )


def _kernels(kernels: Kernels) -> str:
    """What they give where they run it, which they do not in other readers."""
    bits = "the same bits on every CPU; " if kernels.exact else ""
    drift = kernels.drift
    return (
        f"{bits}drift {drift.mean:.2g}, worst {drift.max:.2g} ({drift.n} texts: {drift.texts}); "
        f"with `pip install 'edgebert[native]'`, arithmetic {kernels.arithmetic}"
    )


def _web(web: Web) -> str:
    """What was measured of it there, and how fast it was beside its floats."""
    drift, made = web.drift, web.chosen
    speed = ""
    if made and web.float_p50_ms:
        speed = (
            f"; {made.p50_ms:.3g} ms for 128 tokens, {web.float_p50_ms / made.p50_ms:.1f}x as "
            "fast as floats"
        )
    return (
        f"drift {drift.mean:.2g}, worst {drift.max:.2g} ({drift.n} texts: {drift.texts}){speed}; "
        f"onnxruntime-web {web.onnxruntime_web}, Node {web.node}, {web.threads} thread"
    )


def _quantization(quantization: Quantization) -> list[Fact]:
    decisions = Counter(layer.decision for layer in quantization.layers)
    how = ", ".join(f"{count} {decision}" for decision, count in decisions.most_common())
    facts = [("quantization", f"scheme `{quantization.scheme}`: {how}")]
    if quantization.calibration:
        facts.append(("calibrated on", quantization.calibration))
    return [*facts, ("other CPUs", _other_cpus(quantization))]


def _other_cpus(quantization: Quantization) -> str:
    """Whether x86 CPUs without VNNI give the same, and to whom."""
    if quantization.isa == ANY_CPU:
        return "no sum can leave 16 bits: CPUs with and without VNNI multiply alike, for any reader"
    errors = [layer.saturation for layer in quantization.layers if layer.saturation is not None]
    lost = f", by up to {max(errors):.2%} of a layer's outputs" if errors else ""
    return (
        "x86 CPUs without VNNI get other answers from readers that do not set "
        f"`session.x64quantprecision`, as edgebert does{lost}"
    )


def _target(manifest: Manifest) -> str:
    if manifest.fixed_shape is None:
        return f"`{manifest.target}`"
    return "`{}`, inputs of exactly {} x {} tokens".format(manifest.target, *manifest.fixed_shape)


def _size(bundle: Bundle, records: Sequence[Header]) -> str:
    size = f"{bundle.size_bytes / 1e6:.1f} MB"
    for record in records:
        if isinstance(record, QuantizeRecord):
            before = record.source_size_bytes
            share = f"{100 * bundle.size_bytes / before:.0f} %"
            return f"{size}, {share} of the {before / 1e6:.1f} MB it was made from"
    return size


def _drift(manifest: Manifest) -> str:
    drift = manifest.drift
    assert drift is not None
    decisions = task_of(manifest.task).decisions
    flips = "" if drift.flips is None else f", {100 * drift.flips:.2f} % of {decisions} changed"
    others = "".join(
        f"; on texts of other kinds {other.mean:.2g}, worst {other.max:.2g} "
        f"({other.n}: {other.texts})"
        for other in drift.others
    )
    return (
        f"mean {task_of(manifest.task).distance} to the source {drift.mean:.2g}, "
        f"worst {drift.max:.2g}{flips} ({drift.n} texts: {drift.texts}{_measured_on(manifest)}){others}"
    )


def _measured_on(manifest: Manifest) -> str:
    """Where int8 was measured; of float graphs every CPU gives the same but for rounding."""
    quantization = manifest.quantization
    return f"; on {', '.join(quantization.cpu_classes)}" if quantization else ""


def _sections(bundle: Bundle, records: Sequence[Header]) -> Iterator[str]:
    for record in records:
        if isinstance(record, CheckRecord):
            yield _drift_section(record)
        if isinstance(record, BenchRecord):
            for index, timed in enumerate(record.bundles):
                if timed.sha256 == bundle.sha256:
                    results = [result for result in record.results if result.bundle == index]
                    yield _speed_section(record, timed, results)


def _drift_section(record: CheckRecord) -> str:
    reference = PurePath(record.reference)
    name = reference.name if reference.is_absolute() else record.reference
    facts = [("distance", f"mean {task_of(record.task).distance} {record.distance_mean:.2g}")]
    facts += [fact for measure, part in found_in(record) for fact in measure.card(part)]
    return (
        "## How far it drifts\n\n"
        f"Against `{name}`, on {record.n} texts of {record.data}, "
        f"on {record.machine.cpu_and_class}:\n\n{_table(('', ''), facts)}"
    )


def _speed_section(record: BenchRecord, timed: BenchBundle, results: Iterable[BenchResult]) -> str:
    machine = record.machine
    header, rows = _times(list(results))
    memory = "" if timed.peak_rss_mb is None else f", peak memory {timed.peak_rss_mb:.0f} MB"
    search = f" Translations are by {timed.beam} beams." if timed.beam > 1 else ""
    noisy = " The machine was noisy: read these with care." if record.noise.noisy else ""
    return (
        "## How fast it is\n\n"
        f"On {machine.cpu_and_class}, onnxruntime {machine.versions.get('onnxruntime', 'unknown')}, "
        f"{timed.provider}. Loads in {timed.load_ms:.0f} ms, first answer after another "
        f"{timed.first_inference_ms:.1f} ms{memory}.{search}{noisy}\n\n{_table(header, rows)}"
    )


def _times(results: Sequence[BenchResult]) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """The header and the rows of a table; what writes also has the times of its tokens."""
    header: tuple[str, ...] = ("tokens", "batch", "threads", "p50 ms", "p95 ms", "texts/s")
    written = any(r.first_token_ms is not None for r in results)
    rows: list[tuple[object, ...]] = []
    for r in results:
        whole = (f"{r.p50_ms:.2f}", f"{r.p95_ms:.2f}", f"{r.texts_per_s:,.0f}")
        parts = (r.first_token_ms, r.token_ms) if written else ()
        told = ("" if part is None else f"{part:.2f}" for part in parts)
        rows.append((r.length, r.batch, r.threads, *whole, *told))
    return (*header, *(("to the first token ms", "each more ms") if written else ())), rows


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    escaped = ((str(cell).replace("|", r"\|") for cell in cells) for cells in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in escaped)


def _warning(manifest: Manifest) -> str:
    quantization = manifest.quantization
    if quantization is None or quantization.batch_invariant:
        return ""
    return (
        "\nActivation ranges of this scheme are taken over a whole batch: "
        "a text's answer depends slightly on the texts beside it.\n"
    )
