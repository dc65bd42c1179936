"""Bundles behind HTTP: what `edgebert serve` runs. Needs the extra `serve`."""
