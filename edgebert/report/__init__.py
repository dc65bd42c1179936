"""Records as people and tools read them: an HTML page, Markdown, JUnit XML, a difference of two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgebert.report.comment import render_markdown as render_markdown
    from edgebert.report.comment import write_markdown as write_markdown
    from edgebert.report.diff import diff_records as diff_records
    from edgebert.report.junit import render_junit as render_junit
    from edgebert.report.page import Summary as Summary
    from edgebert.report.page import write_page as write_page
    from edgebert.report.page import write_report as write_report
    from edgebert.report.tradeoff.picture import write_picture as write_picture

_HOMES = {
    "Summary": "page",
    "diff_records": "diff",
    "render_junit": "junit",
    "render_markdown": "comment",
    "write_markdown": "comment",
    "write_page": "page",
    "write_picture": "tradeoff.picture",
    "write_report": "page",
}
__all__ = [
    "Summary",
    "diff_records",
    "render_junit",
    "render_markdown",
    "write_markdown",
    "write_page",
    "write_picture",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Import on first use: only the page needs jinja2 and matplotlib."""
    if name not in _HOMES:
        raise AttributeError(f"module 'edgebert.report' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"edgebert.report.{_HOMES[name]}"), name)
