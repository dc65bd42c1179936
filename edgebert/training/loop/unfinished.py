"""The folder that holds a run while it is not finished: its state, and the best model so far."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from edgebert.errors import InputError, OutputError
from edgebert.output import new_file, new_folder

State = dict[str, Any]
"""Tensors, numbers and texts in dicts and lists: what `torch.load` reads without unpickling code."""

_STATE, _RUN = "state.pt", "run.json"


@dataclass(frozen=True)
class Unfinished:
    """Where a run keeps what it has done, beside its output.

    Attributes:
        folder: `OUTPUT.unfinished`: `state.pt` to go on from, `run.json` that says of which run,
            and `best/`, the checkpoint to use if the run is never finished.
        run: what must be equal for a run to go on: options, data and source, by name.
        write_model: writes the model as it is now, as a checkpoint folder.
    """

    folder: Path
    run: Mapping[str, Any]
    write_model: Callable[[Path], None]

    @property
    def best(self) -> Path:
        return self.folder / "best"

    def keep_best(self) -> None:
        """Write the model as it is now, in place of the one that was best before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with new_folder(self.best, force=True) as folder:
            self.write_model(folder)

    def keep(self, state: State) -> None:
        """Replace the state that is there by this one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with new_file(self.folder / _RUN, force=True) as file:
            file.write_text(json.dumps(self.run, indent=2, default=str), encoding="utf-8")
        with new_file(self.folder / _STATE, force=True) as file:
            torch.save(state, file)

    def read(self) -> State | None:
        """The state that was kept last, or None where nothing was.

        Raises:
            InputError: it belongs to another run, or cannot be read.
        """
        if not (self.folder / _STATE).exists():
            return None
        self._refuse_other_run()
        try:
            state: State = torch.load(self.folder / _STATE, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises its own, zipfile's and pickle's
            raise InputError(
                f"{self.folder / _STATE} cannot be read; begin anew with --force"
            ) from error
        return state

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _refuse_other_run(self) -> None:
        try:
            kept = json.loads((self.folder / _RUN).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{self.folder} says not of which run it is") from error
        asked = json.loads(json.dumps(self.run, default=str))
        for name in sorted(kept.keys() | asked.keys()):
            if kept.get(name) != asked.get(name):
                raise InputError(
                    f"{self.folder} holds another run: {name} was {kept.get(name)}, "
                    f"now {asked.get(name)}; begin anew with --force"
                )


def unfinished_folder(output: Path) -> Path:
    return output.with_name(f"{output.name}.unfinished")


def refuse_unfinished(output: Path, *, resume: bool, force: bool) -> None:
    """Say no to a run that would lose what an earlier one has done.

    Raises:
        OutputError: there is an unfinished run, and neither `resume` nor `force`.
    """
    folder = unfinished_folder(output)
    if not folder.exists() or resume:
        return
    if not force:
        raise OutputError(
            f"{folder} holds a run that was not finished: go on with --resume, "
            "or begin anew with --force"
        )
    shutil.rmtree(folder, ignore_errors=True)  # which another process may do as well


@contextmanager
def kept_until_done(unfinished: Unfinished | None) -> Iterator[None]:
    """Remove the folder when the block ends well; after an error it stays, to go on from."""
    yield
    if unfinished:
        unfinished.remove()
