"""Translations that many ask for at a time, by httpx, among requests that cannot be answered."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from clients.programs import in_python
from clients.questions import REAL, TRANSLATED, TRANSLATOR
from clients.served import Process
from edgebert.runtimes import Model

_REQUESTS = 240
_EACH_BAD = 6
"""One of so many requests is a bad one."""

_WORDS = "the lamp fan kitchen light is was not on off and anna ben very good please two".split()
_OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"beam": 2},
    {"beam": 4, "n_best": 3},
    {"beam": 3, "n_best": 3, "length_penalty": 0.5, "max_length": 6},
    {"max_length": 3},
)


@dataclass(frozen=True)
class Bad:
    """A body that cannot be answered.

    Attributes:
        body: as it is sent.
        code: that must come back.
        words: of the one line that must come with it.
        path: where it is sent.
    """

    body: str
    code: int
    words: tuple[str, ...] = ()
    path: str = "/translate"

    def broken(self, told: dict[str, Any]) -> str | None:
        line = told["answer"].get("error", "") if isinstance(told["answer"], dict) else ""
        if told["code"] == self.code and line and "\n" not in line:
            missing = [word for word in self.words if word not in line]
            if not missing:
                return None
        return f"{self.body[:80]!r} got {told['code']} {line!r}, not {self.code} {self.words}"


def _bad(field: str = "texts", value: Any = "the lamp", **options: Any) -> str:
    return json.dumps({field: value, **options})


BAD = (
    Bad("texts=a", 400),
    Bad("", 400),
    Bad("{}", 422, ("texts",)),
    Bad(_bad("text"), 422),
    Bad(_bad(value=[]), 400, ("no texts",)),
    Bad(_bad(value=5), 422),
    Bad(_bad(value=["the lamp", None]), 422),
    Bad(_bad(value=[["the lamp", "die lampe"]]), 422, ("texts", "in one list")),
    Bad(_bad(value=[[101, 102]]), 400, ("token ids", "send texts")),
    Bad(_bad(value=["a"] * 1025), 413, ("1,025", "1,024")),
    Bad(_bad(beam=0), 422, ("beam",)),
    Bad(_bad(beam=33), 422, ("beam",)),
    Bad(_bad(beam=1.5), 422, ("beam",)),
    Bad(_bad(beam=2, n_best=3), 422, ("n_best",)),
    Bad(_bad(max_length=0), 422, ("max_length",)),
    Bad(_bad(length_penalty=-1), 422, ("length_penalty",)),
    Bad(_bad(length_penalty=1e9), 422, ("length_penalty",)),
    Bad(_bad(truncate=True), 422, ("truncate",)),
    Bad(_bad(model="poet"), 404, ("poet", TRANSLATOR)),
    Bad(_bad(model=REAL), 422, (REAL, "translate")),
    Bad(_bad("inputs"), 422, (TRANSLATOR, "/translate"), f"/models/{TRANSLATOR}"),
    Bad(_bad("inputs"), 422, (TRANSLATOR, "embed"), f"/models/{TRANSLATOR}/embed"),
)


def translations_get_their_own(server: Process, model: Model) -> Iterator[str]:
    """What was not answered as the bundle does alone, or not refused as it should.

    Args:
        server: runs with all bundles.
        model: the translator.
    """
    good = _good()
    bad = [BAD[place % len(BAD)] for place in range(len(good) // (_EACH_BAD - 1))]
    asked: list[dict[str, Any] | Bad] = [*good, *bad]
    random.Random(11).shuffle(asked)
    given = [
        (one.path, one.body) if isinstance(one, Bad) else ("/translate", json.dumps(one))
        for one in asked
    ]
    found = in_python("translations", server.url, given=given)
    for one, told in zip(asked, found, strict=True):
        fault = one.broken(told) if isinstance(one, Bad) else _other(model, one, told)
        if fault:
            yield fault


def _good() -> list[dict[str, Any]]:
    """Texts of known and of other words, alone and several, by several searches."""
    generator = random.Random(5)
    found: list[dict[str, Any]] = [{"texts": list(TRANSLATED), **options} for options in _OPTIONS]
    while len(found) < _REQUESTS * (_EACH_BAD - 1) // _EACH_BAD:
        texts = [_text(generator) for _ in range(generator.randint(1, 4))]
        several = texts if len(texts) > 1 else texts[0]
        found.append({"texts": several, **generator.choice(_OPTIONS)})
    return found


def _text(generator: random.Random) -> str:
    """One to three sentences."""
    sentences = [
        " ".join(generator.choices(_WORDS, k=generator.randint(1, 7)))
        for _ in range(generator.randint(1, 3))
    ]
    return ". ".join(sentences)


def _other(model: Model, asked: dict[str, Any], told: dict[str, Any]) -> str | None:
    """How an answer differs from the bundle's own, bit for bit."""
    options = {name: value for name, value in asked.items() if name != "texts"}
    texts = asked["texts"]
    one = isinstance(texts, str)
    meant = [asdict(found) for found in model.translate([texts] if one else texts, **options)]
    answer = json.loads(json.dumps(meant[0] if one else meant))
    if told["code"] == 200 and told["answer"] == answer:
        return None
    return f"{json.dumps(asked)[:200]}: {told['code']} {json.dumps(told['answer'])[:300]}"
