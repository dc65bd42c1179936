"""An OpenAPI document as a page that asks nobody for anything."""

from __future__ import annotations

import json
from html import escape
from typing import Any

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
code, pre {{ font: 13px/1.4 ui-monospace, monospace; }}
pre {{ background: #8881; padding: .6rem; overflow: auto; }}
summary {{ padding: .3rem 0; cursor: pointer; }}
summary b {{ display: inline-block; width: 3.5rem; }}
:root {{ color-scheme: light dark; }}
</style>
<h1>{title}</h1>
<p>{description} The same for programs: <a href="openapi.json">openapi.json</a></p>
{operations}
<h2>Shapes</h2>
{shapes}
</html>
"""


def page(document: dict[str, Any]) -> str:
    """An HTML page of a document."""
    info = document["info"]
    operations = (
        _operation(path, method, told)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    )
    shapes = (
        _folded(f"<code>{escape(name)}</code>", _pretty(shape))
        for name, shape in document["components"]["schemas"].items()
    )
    return _PAGE.format(
        title=escape(f"{info['title']} {info['version']}"),
        description=escape(info["description"]),
        operations="\n".join(operations),
        shapes="\n".join(shapes),
    )


def _operation(path: str, method: str, told: dict[str, Any]) -> str:
    title = f"<b>{method.upper()}</b> <code>{escape(path)}</code> {escape(told['summary'])}"
    lines = [f"<p>{escape(told['description'])}</p>"] if "description" in told else []
    if "requestBody" in told:
        lines += ["<p>Body</p>", _pretty(_schema(told["requestBody"]))]
    lines += ["<p>Answer</p>", _pretty(_schema(told["responses"]["200"]))]
    codes = (f"<dt>{code}</dt><dd>{escape(r['description'])}</dd>" for code, r in _refusals(told))
    return _folded(title, "\n".join([*lines, f"<dl>{''.join(codes)}</dl>"]))


def _schema(told: dict[str, Any]) -> Any:
    (content,) = told["content"].values()
    return content["schema"]


def _refusals(told: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(code, response) for code, response in told["responses"].items() if code != "200"]


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{title}</summary>\n{inside}\n</details>"


def _pretty(schema: Any) -> str:
    return f"<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre>"
