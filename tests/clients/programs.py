"""Programs of the clients' own environments, and what they answer, as JSON."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devices.emulated import ROOT

from edgebert.errors import EdgebertError

_PYTHON = ROOT / ".venv-clients" / "bin" / "python"
_ASKING = Path(__file__).parent / "asking"


def in_python(module: str, *arguments: str, given: Any = None) -> Any:
    """What a module of `clients.asking` answers.

    Args:
        module: its name there; "" for the whole.
        arguments: of its command line.
        given: to it as JSON.

    Raises:
        EdgebertError: it failed.
    """
    name = f"clients.asking.{module}" if module else "clients.asking"
    return _answered([str(_PYTHON), "-m", name, *arguments], given)


def in_node(program: str, *arguments: str, given: Any = None) -> Any:
    """The same of a program of Node."""
    return _answered(["node", str(_ASKING / program), *arguments], given)


def _answered(command: list[str], given: Any) -> Any:
    done = subprocess.run(
        command,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        env=_environment(os.environ),
    )
    if done.returncode:
        raise EdgebertError(f"{' '.join(command)} failed: {done.stderr.strip()[-3000:]}")
    return json.loads(done.stdout)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """That of a client: nothing is told to anybody else, and no proxy stands between."""
    told = {name: value for name, value in own.items() if not name.lower().endswith("_proxy")}
    told.pop("HF_HUB_OFFLINE", None)  # else huggingface_hub refuses every address, loopback too
    return told | {"HAYSTACK_TELEMETRY_ENABLED": "False", "NO_PROXY": "127.0.0.1"}
