"""Programs of Node: what they are given, and what they answer, as JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from devices.emulated import ROOT

from edgebert.errors import EdgebertError

HERE = Path(__file__).parent
CLIENT = ROOT / "runtimes" / "web"
WORK = ROOT / ".cache" / "web"


def run(*command: str | Path, cwd: Path) -> str:
    """What a program prints.

    Raises:
        EdgebertError: it failed; the message ends with what it said.
    """
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-3000:]
        raise EdgebertError(f"{' '.join(map(str, command))} failed: {said or 'it said nothing'}")
    return done.stdout


def asked(program: Path, plan: dict[str, Any]) -> Any:
    """What a program of Node answers to a plan."""
    return asked_aloud(program, plan)[0]


def asked_aloud(program: Path, plan: dict[str, Any]) -> tuple[Any, str]:
    """The same, and what it prints."""
    planned, answers = WORK / "plan.json", WORK / "answers.json"
    planned.write_text(json.dumps(plan), encoding="utf-8")
    answers.unlink(missing_ok=True)
    said = run("node", program, planned, answers, cwd=program.parent)
    return json.loads(answers.read_text(encoding="utf-8")), said


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
