"""Errors a user can act on. The command line prints them as one line; anything else is a bug.

EdgebertError
├── InputError        a file, a text or a value that was given cannot be used
├── OutputError       a result cannot be written where it was asked for
├── CheckpointError   a folder or hub id is not a checkpoint that can be read
├── BundleError       a bundle is missing, damaged or too new
├── ClosedError       a model was asked after its close
├── OverloadedError   a queue holds as many tokens as it may: ask again later
├── ProviderError     onnxruntime, or the execution provider asked for, is not there
├── MissingExtra      a step needs packages that are not installed
├── MissingPackage    an adapter needs the framework that it is for
└── GateError         a gate said no; carries the record that shows why
"""

from __future__ import annotations

from typing import Any


class EdgebertError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code: int = 1


class InputError(EdgebertError): ...


class OutputError(EdgebertError): ...


class CheckpointError(EdgebertError): ...


class BundleError(EdgebertError): ...


class ClosedError(EdgebertError): ...


class OverloadedError(EdgebertError):
    """A queue would hold more than it may.

    Attributes:
        waiting_tokens: that wait in the queue.
        max_waiting_tokens: that may.
    """

    def __init__(self, waiting_tokens: int, max_waiting_tokens: int) -> None:
        super().__init__(
            f"{waiting_tokens} tokens wait and max_waiting_tokens={max_waiting_tokens} may: "
            "ask again later"
        )
        self.waiting_tokens = waiting_tokens
        self.max_waiting_tokens = max_waiting_tokens


class ProviderError(EdgebertError): ...


class MissingExtra(EdgebertError):  # noqa: N818 - it names what is missing
    def __init__(self, step: str, extra: str) -> None:
        super().__init__(f"{step} needs more packages: pip install 'edgebert[{extra}]'")


class MissingPackage(EdgebertError):  # noqa: N818 - it names what is missing
    def __init__(self, what: str, package: str) -> None:
        super().__init__(f"{what} needs {package}: pip install {package}")


class GateError(EdgebertError):
    """A measured value is beyond its bound, so nothing but the record was written.

    Attributes:
        record: the record of the step that failed (see `edgebert.records`), or None.
    """

    exit_code = 3

    def __init__(self, message: str, record: Any = None) -> None:
        super().__init__(message)
        self.record = record
