"""The float bundles that served ones are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgebert.bundle import Bundle, open_bundle
from edgebert.errors import InputError
from edgebert.runtimes.model import Model
from edgebert.serving.proved import load_proved
from edgebert.tasks.spec import spec_of
from edgebert.text.encoding import open_tokenizer

if TYPE_CHECKING:
    from edgebert.serving.models import Source

_KEYS = (
    "task",
    "labels",
    "multi_label",
    "scoring",
    "mask_token",
    "max_length",
    "prompts",
    "default_prompt",
)
"""Of what a model is: all that decides how it is asked, and how its answers are compared."""


def references_of(sources: Sequence[Source], given: Sequence[Source]) -> dict[str, Path]:
    """The reference of each bundle that has one, by the bundle's name.

    Args:
        sources: what is served.
        given: references by the names of what they are for; "" for the only bundle.

    Raises:
        InputError: it is not clear what a reference is for, or it is no reference for that.
    """
    found: dict[str, Path] = {}
    paths = {source.name: source.path for source in sources}
    for reference in given:
        name = reference.name or _only(sources, reference)
        if name not in paths:
            known = ", ".join(paths)
            raise InputError(
                f"--reference {name}={reference.path}: no bundle is served as {name}; "
                f"there are {known}"
            )
        if name in found:
            raise InputError(f"--reference: {name} has two references; give one")
        require_reference(open_bundle(paths[name]), open_bundle(reference.path))
        found[name] = reference.path
    return found


def require_reference(live: Bundle, reference: Bundle) -> None:
    """Refuse a reference whose answers would not say how far a bundle has drifted.

    Raises:
        InputError: they are of different models, or the reference is no float bundle.
    """
    if live.manifest.writing is not None:
        raise InputError(
            f"--reference {reference.path}: live translations are not compared yet: "
            f"'edgebert check' compares {live.path} with it on texts of a file"
        )
    if live.sha256 == reference.sha256:
        raise InputError(f"--reference {reference.path} is the bundle that is served: give another")
    quantization = reference.manifest.quantization
    if quantization is not None:
        raise InputError(
            f"--reference {reference.path} is quantized itself ({quantization.scheme}): give the "
            "float bundle that it was made of"
        )
    for what in _differences(live, reference):
        raise InputError(
            f"--reference {reference.path} differs from {live.path} in {what}: give the float "
            "bundle that it was made of"
        )


def open_reference(live: Bundle, path: Path) -> Model:
    """Load a reference, for runs of one thread.

    Raises:
        EdgebertError: it is none (see `require_reference`), is damaged, or does not answer as it
            promises.
    """
    require_reference(live, open_bundle(path))
    return load_proved(path, threads=1)


def _only(sources: Sequence[Source], reference: Source) -> str:
    if len(sources) > 1:
        names = ", ".join(source.name for source in sources)
        raise InputError(
            f"--reference {reference.path}: several bundles are served ({names}); say for which it "
            f"is: --reference NAME={reference.path}"
        )
    return sources[0].name


def _differences(live: Bundle, reference: Bundle) -> Iterator[str]:
    ours, theirs = spec_of(live.manifest), spec_of(reference.manifest)
    for key in _KEYS:
        a, b = getattr(ours, key), getattr(theirs, key)
        if a != b:
            short = all(len(repr(value)) <= 60 for value in (a, b))
            yield f"{key} ({b!r}, not {a!r})" if short else key
    if _tokenizer(live) != _tokenizer(reference) and _vocabulary(live) != _vocabulary(reference):
        yield "the vocabulary of its tokenizer"
    if ours.task.dense and (sizes := (_width(reference), _width(live))) and len(set(sizes)) > 1:
        yield f"its vectors (of {sizes[0]} numbers, not {sizes[1]})"


def _tokenizer(bundle: Bundle) -> str:
    return bundle.manifest.files[bundle.tokenizer_path.name].sha256


def _vocabulary(bundle: Bundle) -> dict[str, int]:
    vocabulary: dict[str, int] = open_tokenizer(bundle.tokenizer_path).get_vocab()
    return vocabulary


def _width(bundle: Bundle) -> int:
    """Numbers in a vector, as golden texts have it: no manifest tells."""
    return len(bundle.golden().texts[0].expected)
