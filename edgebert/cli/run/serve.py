"""Bundles behind HTTP."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from edgebert.cli.boundary import Command, require

_UNITS = {"": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_UNITS |= {"kib": 1024, "mib": 1024**2, "gib": 1024**3, "b": 1}
_NAME = re.compile(r"[\w.@:+-]+(/[\w.@:+-]+)*")


class Bytes(click.ParamType):  # type: ignore[type-arg]
    """A number of bytes, like 8MB."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read `8MB`, `512KiB` or `8000000`."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?i?b)?", value.strip().lower())
        if match is None or (match[2] or "") not in _UNITS:
            self.fail(f"{value!r} is no number of bytes, like 8MB or 512KiB.", param, ctx)
        given = int(float(match[1]) * _UNITS[match[2] or ""])
        if given < 1:
            self.fail(f"{value!r} is less than a byte.", param, ctx)
        return given


@click.command(cls=Command, context_settings={"auto_envvar_prefix": "EDGEBERT_SERVE"})
@click.argument("bundles", nargs=-1, required=True, metavar="[NAME=]BUNDLE...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: any."
)
def serve(bundles: tuple[str, ...], **given: Any) -> None:
    """Answer over HTTP, for apps in any language.

    \b
        edgebert serve out/int8
        curl localhost:8080/embed -H 'content-type: application/json' -d '{"inputs": "a lamp"}'
    """
    require("serve", "serve", "msgspec", "orjson", "prometheus_client", "starlette", "uvicorn")
    from edgebert.serving.options import ServeOptions
    from edgebert.serving.process.running import serve as run

    run(ServeOptions(**given), sources_of(bundles))


def sources_of(bundles: tuple[str, ...]) -> Any:
    """Where bundles are, and what they are called."""
    from edgebert.serving.models import Source

    return [Source(*_named(bundle)) for bundle in bundles]


def _named(bundle: str) -> tuple[str, Path]:
    name, equals, path = bundle.rpartition("=")
    return (name, Path(path)) if equals else (Path(bundle).absolute().name, Path(bundle))
