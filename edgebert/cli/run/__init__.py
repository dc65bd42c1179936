"""Commands that run a bundle."""

from edgebert.cli.run import classify, embed, search, tag, tune

COMMANDS = (embed.embed, classify.classify, tag.tag, search.search, tune.tune)
"""In the order in which `--help` lists them."""
