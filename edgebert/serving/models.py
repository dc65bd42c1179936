"""The bundles that are served, by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edgebert.runtimes.model import Model
from edgebert.serving.errors import UNHEALTHY, VALIDATION, ApiError

TOKENIZE, ANYTHING = "tokenize", "answer this"
"""What every bundle can be asked, whatever its task; the second is what its task is."""


@dataclass(frozen=True)
class Source:
    """Where a bundle is, and what it is called."""

    name: str
    path: Path


@dataclass(frozen=True, eq=False)
class ServedModel:
    """A bundle that is loaded."""

    name: str
    model: Model

    @cached_property
    def fingerprint(self) -> str:
        """What its answers are known by."""
        return self.model.fingerprint

    @cached_property
    def verbs(self) -> frozenset[str]:
        """What it can be asked."""
        task = self.model.spec.task
        verbs = {TOKENIZE, ANYTHING, task.verb}
        if task.vectors:
            verbs.add("similarity")
        if "classify" in verbs and len(self.model.labels) == 1:
            verbs.add("rerank")
        return frozenset(verbs)

    @property
    def normalizes(self) -> bool:
        """Whether its vectors have length 1 by themselves."""
        return self.model.manifest.normalize

    def prompt(self, name: str | None) -> str:
        """The text of a prompt; without a name that which is put before every text.

        Raises:
            ApiError: 422 there is none of this name.
        """
        prompts = self.model.prompts
        if name is None:
            return self.model.default_prompt
        if name not in prompts:
            known = ", ".join(prompts) or "none"
            message = f"{self.name} has no prompt {name[:80]!r}; it has: {known}"
            raise ApiError(422, VALIDATION, message, param="prompt_name")
        return prompts[name]

    def told(self, message: str) -> str:
        """A message of the runtime, with its name in the place of where it lies on this machine."""
        return message.replace(str(self.model.files.path), self.name)


class Served:
    """The bundles of a server; those that are loaded can be asked.

    Args:
        sources: all of them, in the order in which they were named.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self.names = tuple(source.name for source in sources)
        self._loaded: dict[str, ServedModel] = {}

    def __iter__(self) -> Iterator[ServedModel]:
        """Those that are loaded, in the order in which they were named."""
        return (self._loaded[name] for name in self.names if name in self._loaded)

    @property
    def complete(self) -> bool:
        """Whether all are loaded."""
        return len(self._loaded) == len(self.names)

    def source(self, name: str) -> Source:
        """Where the bundle of this name is."""
        return self.sources[self.names.index(name)]

    def put(self, served: ServedModel) -> ServedModel | None:
        """Have a bundle answer from now on; gives the one that did until now."""
        before = self._loaded.get(served.name)
        self._loaded[served.name] = served
        return before

    def named(self, name: str | None, verb: str) -> ServedModel:
        """The bundle of this name; without one, the only bundle that can be asked so.

        Raises:
            ApiError: 404 there is none, 400 there are several, 422 it is of another task, 503 it
                is not loaded yet.
        """
        if name is None:
            return self._only(verb)
        if name not in self.names:
            raise ApiError(404, VALIDATION, f"no model {name[:80]!r} here{self._known}")
        if name not in self._loaded:
            raise ApiError(503, UNHEALTHY, f"{name} is not loaded yet", {"retry-after": "1"})
        return _able(self._loaded[name], verb)

    def _only(self, verb: str) -> ServedModel:
        able = [served for served in self if verb in served.verbs]
        if len(able) == 1:
            return able[0]
        if not able and len(self.names) == 1:
            return _able(self._loaded[self.names[0]], verb)
        if not able:
            raise ApiError(422, VALIDATION, f"no model here can be asked to {verb}{self._known}")
        raise ApiError(400, VALIDATION, f"several models can {verb}: name one{self._known}")

    @property
    def _known(self) -> str:
        return f"; models: {', '.join(self.names)}"


def _able(served: ServedModel, verb: str) -> ServedModel:
    if verb not in served.verbs:
        raise ApiError(
            422,
            VALIDATION,
            f"{served.name} is for {served.model.task}, and cannot be asked to {verb}",
        )
    return served
