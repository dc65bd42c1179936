"""What every verb of a model starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebert.bundle import ModelFiles
from edgebert.errors import InputError
from edgebert.tasks.spec import Specified

if TYPE_CHECKING:
    from edgebert.records.fingerprint import Fingerprint
    from edgebert.runtimes.pipeline import TextPipeline
    from edgebert.runtimes.translation.translator import Translator


class Asked(Specified):
    """A bundle with the way of texts through its graph.

    Attributes:
        files: on disk.
        pipeline: runs texts.
        translator: writes texts, where the bundle has a decoder.
    """

    files: ModelFiles
    pipeline: TextPipeline
    translator: Translator | None

    def made_by(
        self,
        prompt: str | None = None,
        *,
        aggregation: str | None = None,
        long_text: str | None = None,
        allow_no_answer: bool | None = None,
        beam: int | None = None,
        n_best: int | None = None,
        length_penalty: float | None = None,
        max_length: int | None = None,
    ) -> Fingerprint:
        """The fingerprint of answers with these options of `embed` and the other methods."""
        raise NotImplementedError


def require(model: Asked, verb: str, *tasks: str) -> None:
    """Raise InputError where a bundle is not for one of these tasks."""
    if model.task not in tasks:
        raise InputError(
            f"{model.files.path} is a {model.task} bundle; {verb} needs one for "
            f"{' or '.join(tasks)}"
        )


def prompt_of(model: Asked, name: str | None) -> str:
    """The text of a prompt, given its name: by default the model's own, and none for "".

    Raises:
        InputError: there is no such prompt.
    """
    if not name:
        return model.default_prompt if name is None else ""
    if not isinstance(name, str):
        raise InputError(f"prompt={name!r}: expected the name of a prompt")
    if name not in model.prompts:
        known = ", ".join(model.prompts) or "none"
        raise InputError(f"{model.files.path} has no prompt {name!r}; it has: {known}")
    return model.prompts[name]
