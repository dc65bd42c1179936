"""schemathesis against the server's own description: no 500, and every answer as described."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from devices.emulated import ROOT

from clients.served import WORK, Process

_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "unsupported_method",
)
SEED = 19


def described_truly(server: Process, examples: int) -> Iterator[str]:
    """What schemathesis found, one line for each operation.

    Args:
        server: that is asked.
        examples: of each operation.
    """
    command = [str(ROOT / ".venv-clients/bin/schemathesis"), "run", f"{server.url}/openapi.json"]
    command += ["--checks", ",".join(_CHECKS), "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", str(examples), "--seed", str(SEED), "--no-color"]
    command += ["--generation-database", "none", "--suppress-health-check", "all"]
    done = subprocess.run(command, cwd=WORK, capture_output=True, text=True, check=False)
    log = WORK / "schemathesis.log"
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.startswith(("- ", "____"))]
        yield f"schemathesis: {'; '.join(said) or done.stderr[-500:]}; all of it in {log}"
    if not server.is_live():
        yield "schemathesis: the server is not live afterwards"
