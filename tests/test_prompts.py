"""Which prompt stands before a document, and which before a query."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgebert.bundle import open_bundle
from edgebert.text.prompts import document_prompt, query_prompt


@pytest.mark.parametrize(
    ("prompts", "document", "query"),
    [
        ({}, "", ""),
        ({"query": "q: ", "document": "d: "}, "document", "query"),
        ({"query": "q: ", "passage": "p: "}, "passage", "query"),
        ({"corpus": "c: ", "passage": "p: "}, "passage", ""),
        ({"query": "", "document": "", "passage": "p: "}, "passage", ""),
        ({"clustering": "cluster: "}, "", ""),
    ],
)
def test_documents_and_queries_have_the_prompts_that_bear_their_name(
    tiny_bundle: Path, prompts: dict[str, str], document: str, query: str
) -> None:
    manifest = replace(open_bundle(tiny_bundle).manifest, prompts=prompts)
    assert (document_prompt(manifest), query_prompt(manifest)) == (document, query)


def test_a_default_prompt_does_not_stand_in_for_one_of_them(tiny_bundle: Path) -> None:
    manifest = open_bundle(tiny_bundle).manifest
    manifest = replace(manifest, prompts={"query": "q: "}, default_prompt="query")
    assert document_prompt(manifest) == ""
