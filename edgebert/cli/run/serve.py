"""Bundles behind HTTP."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, require

if TYPE_CHECKING:
    from edgebert.serving.models import Source

_UNITS = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_UNITS |= {"kib": 1024, "mib": 1024**2, "gib": 1024**3}
_NAME = re.compile(r"[\w.@:+-]+(/[\w.@:+-]+)*")
_AT_LEAST_1 = click.IntRange(min=1)


class Bytes(click.ParamType):  # type: ignore[type-arg]
    """A number of bytes, like 8MB."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read `8MB`, `512KiB` or `8000000`."""
        match = re.fullmatch(r"(\d{1,15})\s*([kmg]?i?b)?", str(value).strip().lower(), re.ASCII)
        unit = _UNITS.get(match[2] or "") if match else None
        if match is None or unit is None or int(match[1]) == 0:
            self.fail(f"{value!r} is no number of bytes, like 8MB or 512KiB.", param, ctx)
        return int(match[1]) * unit


@click.command(cls=Command, context_settings={"auto_envvar_prefix": "EDGEBERT_SERVE"})
@click.argument("bundles", nargs=-1, required=True, metavar="[NAME=]BUNDLE...")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. One that other machines reach needs --api-key-file or --no-auth.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 takes any that is free.",
)
@click.option(
    "--threads",
    type=_AT_LEAST_1,
    help="Cores that models may use. Default: what affinity and cgroup grant.",
)
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keys, one a line: a request has to carry one (authorization: Bearer KEY).",
)
@click.option("--no-auth", is_flag=True, help="Let other machines ask without a key.")
@click.option(
    "--max-texts", type=_AT_LEAST_1, default=1024, show_default=True, help="Texts of a request."
)
@click.option(
    "--max-body", type=Bytes(), default="8MB", show_default=True, help="Bytes of a request."
)
@click.option(
    "--max-text-chars",
    type=_AT_LEAST_1,
    default=1_000_000,
    show_default=True,
    help="Characters of a text.",
)
@click.option(
    "--max-waiting-tokens",
    type=_AT_LEAST_1,
    default=262_144,
    show_default=True,
    help="Tokens that wait for their run; requests beyond are told when to come again.",
)
@click.option(
    "--truncate/--no-truncate",
    default=True,
    show_default=True,
    help="Cut texts that are too long, and tell which were; or refuse them. A request may say "
    "otherwise.",
)
@click.option(
    "--request-timeout",
    type=options.POSITIVE,
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Within which a request has come, and is answered.",
)
@click.option(
    "--cors-origin",
    multiple=True,
    metavar="ORIGIN",
    help="A web page whose scripts may ask, like https://app.example; '*': all. Several times.",
)
@click.option(
    "--reference",
    multiple=True,
    metavar="[NAME=]BUNDLE",
    help="The float bundle that a bundle was made of: a share of its texts are answered by both, "
    "and /drift tells how far apart. Once for each bundle.",
)
@click.option(
    "--shadow",
    type=options.FiniteRange(0, 1, min_open=True),
    metavar="SHARE",
    help="Of the texts that the reference answers, too, once the client has its answer. "
    "Default: 0.01.",
)
@click.option(
    "--drain",
    type=options.NOT_NEGATIVE,
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="When asked to end: between 'not ready' and the end of listening.",
)
@click.option(
    "--grace",
    type=options.NOT_NEGATIVE,
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="Then, for answers to what was accepted.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Log lines for people, or for machines.",
)
def serve(
    bundles: tuple[str, ...], cors_origin: tuple[str, ...], reference: tuple[str, ...], **given: Any
) -> None:
    """Answer over HTTP, for apps in any language: vectors, labels, entities, an order, answers.

    Every option can be given as a variable too: EDGEBERT_SERVE_PORT=8081.

    \b
        edgebert serve out/int8
        curl localhost:8080/embed -H 'content-type: application/json' -d '{"inputs": "a lamp"}'
    """
    require("serve", "serve", "msgspec", "orjson", "prometheus_client", "starlette", "uvicorn")
    if given["no_auth"] and given["api_key_file"]:
        raise click.UsageError("--no-auth and --api-key-file: give one of them")
    if given["shadow"] and not reference:
        raise click.UsageError("--shadow needs what is to be compared with: --reference BUNDLE")
    sources = _sources(bundles)
    from edgebert.serving.options import ServeOptions
    from edgebert.serving.process.running import serve as run

    references = _references(reference)
    run(ServeOptions(cors_origins=cors_origin, references=references, **given), sources)


def _sources(bundles: tuple[str, ...]) -> list[Source]:
    """Where bundles are, and what they are called."""
    from edgebert.serving.models import Source

    sources = [Source(*_named(bundle)) for bundle in bundles]
    for name, times in Counter(source.name for source in sources).items():
        if times > 1:
            raise click.UsageError(f"several bundles are called {name}: name each, NAME=BUNDLE")
    return sources


def _references(given: tuple[str, ...]) -> tuple[Source, ...]:
    """What bundles are compared with; one without a name is for the only bundle."""
    from edgebert.serving.models import Source

    split = [("", "", one) if Path(one).exists() else one.rpartition("=") for one in given]
    return tuple(Source(name, Path(path)) for name, _equals, path in split)


def _named(bundle: str) -> tuple[str, Path]:
    """The name of a bundle, by default that of its folder, and where it is."""
    name, equals, path = bundle.partition("=")
    if not equals or Path(bundle).exists():
        name, path = Path(bundle).absolute().name, bundle
    if not _NAME.fullmatch(name) or not path:
        raise click.UsageError(
            f"{bundle}: name it by letters, digits, '.', '_', '-' and '/': NAME=BUNDLE"
        )
    return name, Path(path)
