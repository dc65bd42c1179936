"""What documents, pages and units say of the server is what it has."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from served import Here, served_here

from edgebert.cli.run.serve import serve
from edgebert.serving.routes import routes_of

ROOM = Path(__file__).parent.parent / "edgebert" / "serving"
DEPLOY = ROOM / "deploy"


@pytest.fixture(scope="module")
def here(tiny_bundle: Path) -> Iterator[Here]:
    with served_here({"m": tiny_bundle}) as served:
        yield served


def options_of_serve() -> dict[str, click.Option]:
    """By the way they are written."""
    found = [option for option in serve.params if isinstance(option, click.Option)]
    return {name: option for option in found for name in (*option.opts, *option.secondary_opts)}


def variables() -> set[str]:
    return {f"EDGEBERT_SERVE_{option.name}".upper() for option in options_of_serve().values()}


def test_the_document_has_every_route_with_its_body_and_answers(here: Here) -> None:
    document = here.get("/openapi.json").json
    routes = routes_of(here.server)
    assert {(r.path, r.method.lower()) for r in routes} == {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }
    for route in routes:
        told = document["paths"][route.path][route.method.lower()]
        assert told["summary"] == route.summary
        assert ("requestBody" in told) == (route.body is not None)
        assert "200" in told["responses"]
    body = document["components"]["schemas"]["EmbedBody"]
    assert body["required"] == ["inputs"]
    assert {"dimensions", "normalize", "prompt_name"} <= set(body["properties"])


def test_all_that_the_document_refers_to_is_in_it(here: Here) -> None:
    document = here.get("/openapi.json").json
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) == schemas
    names = [told["operationId"] for path in document["paths"].values() for told in path.values()]
    assert len(set(names)) == len(names)


def references(part: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from references(one)


def test_the_document_says_where_a_key_is_needed(tiny_bundle: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("key\n")
    with served_here({"m": tiny_bundle}, keys=("key",), api_key_file=file) as here:
        paths = here.get("/openapi.json").json["paths"]
    assert paths["/embed"]["post"]["security"] == [{"key": []}]
    assert "security" not in paths["/live"]["get"]


def test_the_page_shows_every_route_and_asks_nobody_for_anything(here: Here) -> None:
    page = here.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    html = page.body.decode()
    for route in routes_of(here.server):
        assert f"<code>{route.path}</code>" in html
    assert re.findall(r"(?:src|href)=\"([^\"]*)\"", html) == ["openapi.json"]
    assert "url(" not in html and "@import" not in html and "<script" not in html


def test_the_page_of_the_folder_has_every_option_route_and_metric(here: Here) -> None:
    page = (ROOM / "README.md").read_text() + (ROOM / "CLIENTS.md").read_text()
    assert (
        sorted(name for name in options_of_serve() if name.startswith("--") and name not in page)
        == []
    )
    for route in routes_of(here.server):
        assert re.search(
            rf"{route.method} {re.escape(route.path.partition('{')[0])}\b|`{re.escape(route.path)}`",
            page,
        ), route.path
    metrics = re.findall(
        r"^# TYPE edgebert_(\w+)", here.get("/metrics").body.decode(), re.MULTILINE
    )
    assert [name for name in metrics if name not in page and not name.endswith("_created")] == []


def test_a_variable_does_what_its_option_does(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("PORT", "81"),
        ("MAX_BODY", "2KiB"),
        ("TRUNCATE", "false"),
        ("NO_AUTH", "1"),
        ("CORS_ORIGIN", "https://a.example https://b.example"),
    ):
        monkeypatch.setenv(f"EDGEBERT_SERVE_{name}", value)
    told = serve.make_context("serve", ["m"]).params
    assert (told["port"], told["max_body"], told["truncate"], told["no_auth"]) == (
        81,
        2048,
        False,
        True,
    )
    assert told["cors_origin"] == ("https://a.example", "https://b.example")
    assert serve.make_context("serve", ["m", "--port", "82"]).params["port"] == 82


def test_units_and_manifests_name_only_options_that_there_are() -> None:
    for file in DEPLOY.iterdir():
        text = file.read_text()
        named = set(re.findall(r"EDGEBERT_SERVE_[A-Z_]+", text))
        assert named <= variables(), file.name
    written = set(
        re.findall(r" (--(?!from-file)[a-z-]+)", (DEPLOY / "kubernetes.yaml").read_text())
    )
    assert {"--drain", "--grace"} == written <= set(options_of_serve())


def test_the_dockerfile_runs_as_nobody_on_a_root_that_may_be_read_only() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    words = [line.split(maxsplit=1) for line in lines if line and line[0] != "#"]
    told = dict(words)
    assert {name for name, _ in words} <= set(
        "FROM RUN COPY USER ENV EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD".split()
    )
    assert (told["USER"], told["STOPSIGNAL"]) == ("10001:10001", "SIGTERM")
    assert "/live" in told["HEALTHCHECK"]
    assert told["ENTRYPOINT"] == '["/opt/edgebert/bin/edgebert", "serve"]'
    assert "edgebert[cpu,serve]" in told["RUN"]


def test_the_unit_reloads_and_ends_as_the_server_does() -> None:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "edgebert-serve.service")
    service = unit["Service"]
    assert unit.sections() == ["Unit", "Service", "Install"]
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert float(service["TimeoutStopSec"]) > longest_end()
    assert service["ExecStart"].split()[1] == "serve"


def test_the_manifest_probes_what_there_is_and_waits_until_all_is_answered(here: Here) -> None:
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    assert [document["kind"] for document in documents] == ["Deployment", "Service"]
    pod = documents[0]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    for probe in ("livenessProbe", "readinessProbe"):
        assert here.get(container[probe]["httpGet"]["path"]).status == 200
    assert pod["terminationGracePeriodSeconds"] > longest_end()
    assert pod["securityContext"]["runAsUser"] == 10001
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert set(container["resources"]) == {"requests", "limits"}
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes


def longest_end() -> float:
    """Seconds from a signal to the end, by default."""
    told = serve.make_context("serve", ["m"]).params
    return float(told["drain"] + told["grace"])
