"""Live drift as a small page that asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from edgebert.measures.formats import drift, percent
from edgebert.records.live_drift import Compared, LiveDrift, LiveDriftRecord, LivePromise
from edgebert.serving.drift import charts
from edgebert.serving.drift.certainty import FEWEST_TEXTS
from edgebert.tasks import task_of

_STYLE = """
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #55606e; --rule: #dde1e7;
  --yes: #1a7544; --no: #b3261e; --bar: #2b6cb0; --line: #b85c00; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161c; --card: #1a2029; --ink: #e6eaf0; --soft: #a3aebb; --rule: #343d49;
  --yes: #6fd39b; --no: #ff8f86; --bar: #6ba8ea; --line: #f2994a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 3rem; background: var(--page);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 0; font-size: 1.2rem; }
h3 { margin: 0 0 .3rem; font-size: .95rem; } p { margin: 0; }
.soft { color: var(--soft); font-size: .9rem; }
section { margin: 1.2rem 0; padding: 1rem 1.2rem; background: var(--card);
  border: 1px solid var(--rule); border-left-width: 6px; border-radius: 10px; }
.yes { border-left-color: var(--yes); } .no { border-left-color: var(--no); }
.verdict { margin: .1rem 0 .6rem; font-size: 1.15rem; font-weight: 600; }
.yes .verdict, b.yes { color: var(--yes); } .no .verdict, b.no { color: var(--no); }
.tiles, .charts { display: grid; gap: .8rem 1.6rem; margin: .9rem 0;
  grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); }
.charts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
.tiles strong { display: block; font-size: 1.5rem; line-height: 1.25; }
.tiles span { display: block; }
svg { display: block; width: 100%; max-width: 29rem; height: auto; overflow: visible; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.bar { fill: var(--bar); } .axis { stroke: var(--rule); }
.mean { stroke: var(--ink); } .promise { stroke: var(--line); stroke-dasharray: 4 3; }
table { margin-bottom: .8rem; border-collapse: collapse; font-size: .9rem; } th { color: var(--soft); font-weight: 600; }
td, th { padding: .2rem 1.2rem .2rem 0; text-align: left; border-bottom: 1px solid var(--rule); }
a { color: inherit; } code { font-size: .85em; }
@media (max-width: 30rem) { section { padding: .8rem; } }
"""


def page(record: LiveDriftRecord) -> str:
    """An HTML page of a record."""
    models = "\n".join(map(_model, record.models)) or "<p>Bundles are being loaded.</p>"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="60">
<title>Live drift</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Live drift</h1>
<p class="soft">How far answers to what is being asked are from those of the float bundles; at
{_time(record.created)}. The same for programs and <code>edgebert report</code>:
<a href="drift.json">drift.json</a></p>
{models}
</body>
</html>
"""


def _model(model: LiveDrift) -> str:
    kind, verdict = _verdict(model)
    lines = [
        f'<section class="{kind}">',
        f"<h2>{escape(model.model)}</h2>",
        f'<p class="verdict">{escape(verdict)}</p>',
    ]
    if model.compared is not None:
        lines += _compared(model, model.compared)
    return "\n".join([*lines, *_facts(model), "</section>"])


def _verdict(model: LiveDrift) -> tuple[str, str]:
    """Which colour it has, and what it says."""
    if model.golden is not None and not model.golden.passed:
        return "no", f"✗ {model.golden.failed} of {model.golden.texts} golden texts come out wrong"
    if model.trouble is not None:
        return "no", "✗ Not compared"
    if model.beyond:
        return "no", "✗ Beyond its promise"
    if model.share == 0:
        return "", "Not compared: start with --reference BUNDLE"
    texts = model.compared.n if model.compared else 0
    if texts < FEWEST_TEXTS:
        return "", f"{texts} of {FEWEST_TEXTS} texts that a verdict needs"
    return "yes", "✓ Keeps its promise"


def _compared(model: LiveDrift, found: Compared) -> Iterator[str]:
    promises = {promise.name: promise for promise in found.promises}
    held = promises.get("max_drift")
    yield f'<div class="tiles">{"".join(_tiles(model, found))}</div>'
    mean, bound = (held.value, held.bound) if held else (found.distance_mean, None)
    yield '<div class="charts">'
    yield f"<div><h3>Texts by distance ({escape(task_of(model.task).distance)})</h3>"
    yield f"{charts.distances(found.histogram, mean, bound)}</div>"
    yield "<div><h3>Mean distance over time, 100 texts a bar</h3>"
    yield f"{charts.periods(found.periods, bound)}</div></div>"
    if found.changes:
        rows = "".join(
            f"<tr><td>{escape(one.reference)}</td><td>{escape(one.live)}</td><td>{one.n:,}</td></tr>"
            for one in found.changes
        )
        yield "<h3>Labels that changed</h3><table><tr><th>reference</th><th>here</th>"
        yield f"<th>texts</th></tr>{rows}</table>"


def _tiles(model: LiveDrift, found: Compared) -> Iterator[str]:
    changed = "changed labels" if task_of(model.task).labelled else "changed answers"
    for promise in found.promises:
        yield _promise(promise, changed)
    if not found.promises:
        yield _tile("mean distance", drift(found.distance_mean), f"of {found.n:,} texts")
    yield _tile("furthest text", drift(found.distance_max), f"of {found.n:,} texts")
    if found.flips is not None and found.decisions:
        of = f"of {found.decisions:,}, since the start"
        yield _tile("changed in all", f"{found.flips:,}", of)
    lost = f"{model.skipped:,} skipped" + (f", {model.failed:,} failed" if model.failed else "")
    yield _tile("texts compared", f"{found.n:,}", lost)


def _promise(promise: LivePromise, changed: str) -> str:
    flips = promise.name == "max_flips"
    told = percent if flips else drift
    if promise.beyond:
        mark = '<b class="no">✗</b> '
    else:
        mark = '<b class="yes">✓</b> ' if promise.value <= promise.bound else "perhaps by chance: "
    note = f"{mark}promised {told(promise.bound)}; the newest {promise.texts:,} texts"
    return _tile(changed if flips else "mean distance", told(promise.value), note)


def _tile(name: str, value: str, note: str) -> str:
    return f'<p><span>{name}</span><strong>{value}</strong><span class="soft">{note}</span></p>'


def _facts(model: LiveDrift) -> Iterator[str]:
    yield '<p class="soft">'
    if model.trouble is not None:
        yield f"{escape(model.trouble)}<br>"
    if model.reference is not None:
        since = f", since {_time(model.compared.since)}" if model.compared else ""
        yield f"{100 * model.share:g} % of its texts are compared{since}: "
        yield f"<code>{escape(model.reference)}</code> answers them, too<br>"
    if (golden := model.golden) is not None:
        passed = golden.texts - golden.failed
        yield f"{passed} of {golden.texts} golden texts came out as promised at "
        yield f"{_time(golden.checked)}<br>"
    yield f"It is <code>{escape(model.fingerprint)}</code></p>"


def _time(utc: str) -> str:
    return f"{utc[:10]} {utc[11:19]} UTC"
