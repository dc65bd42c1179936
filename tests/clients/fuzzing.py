"""schemathesis against the server's own description: no 500, and every answer as described."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from devices.emulated import ROOT

from clients.questions import TRANSLATOR
from clients.served import WORK, Process, serving

_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
)
"""Not that all that fits is answered: a description cannot say which prompts a bundle has, or that
a text needs a mask."""

_SERVED = {
    ("embedder", "reranker", "tagger", "reader", "filler", TRANSLATOR): (),
    ("sparse",): ("/", "/embed_sparse", "/similarity", "/tokenize"),
    ("classifier",): ("/", "/classify", "/predict"),
}
"""Bundles no two of which can be asked the same, so that requests that name none are answered; and
what they are asked, where it is not all."""

_SEED = 19


def described_truly(bundles: Mapping[str, Path], examples: int) -> Iterator[str]:
    """What schemathesis found.

    Args:
        bundles: by name.
        examples: of each operation.
    """
    for names, paths in _SERVED.items():
        served = {name: bundles[name] for name in names}
        with serving(served, "--drain", "0", name=f"described-{names[0]}") as server:
            yield from _found(server, names[0], paths, examples)
            if not server.is_live():
                yield f"{names[0]}: the server is not live afterwards"


def _found(server: Process, name: str, paths: Sequence[str], examples: int) -> Iterator[str]:
    command = [str(ROOT / ".venv-clients/bin/schemathesis"), "run", f"{server.url}/openapi.json"]
    command += ["--checks", ",".join(_CHECKS), "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", str(examples), "--seed", str(_SEED), "--no-color"]
    command += [part for path in paths for part in ("--include-path", path)]
    command += ["--generation-database", "none", "--suppress-health-check", "all"]
    done = subprocess.run(command, cwd=WORK, capture_output=True, text=True, check=False)
    log = WORK / f"schemathesis-{name}.log"
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        lines = [line.strip("_ ") for line in done.stdout.splitlines()]
        said = [line for line in lines if line.startswith(("- ST", "GET /", "POST /"))]
        yield f"{name}: {'; '.join(said) or done.stderr[-500:]}; all of it in {log}"
