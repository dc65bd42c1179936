"""Which route a path is for: by one look into a table, since there are many routes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgebert.serving.errors import VALIDATION, ApiError
from edgebert.serving.routes.route import Route

_MODELS = "/models/"


@dataclass(frozen=True)
class Place:
    """A path without the name of a bundle before it.

    Attributes:
        path: from the root.
        named: the bundle.
    """

    path: str
    named: str | None


class Routing:
    """Finds routes.

    Args:
        routes: all of them.
        names: of the bundles.
    """

    def __init__(self, routes: Iterable[Route], names: Sequence[str]) -> None:
        self._exact: dict[str, dict[str, Route]] = defaultdict(dict)
        self._under: dict[str, dict[str, Route]] = defaultdict(dict)
        for route in routes:
            before, brace, _parameter = route.path.partition("{")
            table = self._under if brace else self._exact
            table[before][route.method] = route
        self._names = tuple(names)
        self._longest_first = sorted(names, key=len, reverse=True)  # one may begin with another

    def place(self, path: str) -> Place:
        """Split a path that begins with `/models/NAME`."""
        if path.startswith(_MODELS):
            rest = path[len(_MODELS) :]
            for name in self._longest_first:
                if rest == name or rest.startswith(f"{name}/"):
                    return Place(rest[len(name) :] or "/", name)
        return Place(path, None)

    def is_open(self, path: str) -> bool:
        """Whether a path is answered without a key."""
        return any(route.open for route in self._exact.get(path, {}).values())

    def find(self, place: Place, method: str) -> tuple[Route, dict[str, str]]:
        """The route of a path, and its parameter.

        Raises:
            ApiError: 404 there is none, 405 for another method.
        """
        by_method, parameters = self._of(place.path)
        route = by_method.get("GET" if method == "HEAD" else method)
        if not by_method or (place.named and route and not route.per_model):
            raise ApiError(404, VALIDATION, self._nothing_at(place.path))
        if route is None:
            allowed = ", ".join(sorted({*by_method, *(["HEAD"] if "GET" in by_method else [])}))
            raise ApiError(
                405, VALIDATION, f"{place.path} answers {allowed}, not {method}", {"allow": allowed}
            )
        return route, parameters

    def _nothing_at(self, path: str) -> str:
        if path.startswith(_MODELS):
            return f"no model of that name is here; models: {', '.join(self._names)}"
        return f"nothing is at {path[:200]!r}: see /docs"

    def _of(self, path: str) -> tuple[dict[str, Route], dict[str, str]]:
        if path in self._exact:
            return self._exact[path], {}
        for before, by_method in self._under.items():
            if path.startswith(before) and len(path) > len(before):
                (name,) = {route.path[len(before) + 1 : -1] for route in by_method.values()}
                return by_method, {name: path[len(before) :]}
        return {}, {}
