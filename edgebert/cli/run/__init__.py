"""Commands that run a bundle."""

from edgebert.cli.run import (
    answer,
    classify,
    embed,
    fill,
    rerank,
    search,
    serve,
    tag,
    translate,
    tune,
)

COMMANDS = (
    embed.embed,
    classify.classify,
    tag.tag,
    search.search,
    rerank.rerank,
    answer.answer,
    fill.fill,
    translate.translate,
    serve.serve,
    tune.tune,
)
"""In the order in which `--help` lists them."""
