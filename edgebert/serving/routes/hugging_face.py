"""`POST /`: a bundle asked for its own task, in the shapes of Hugging Face's inference API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edgebert.records.manifest import IDENTITY
from edgebert.serving.answering import Reply, json_response
from edgebert.serving.errors import VALIDATION, ApiError
from edgebert.serving.guesses import require_few_guesses
from edgebert.serving.models import ANYTHING, ServedModel
from edgebert.serving.routes.hugging_face_shapes import (
    InferenceAnswer,
    InferenceBody,
    Parameters,
    Sides,
    answer_of,
    entities_of,
    fills_by_mask,
)
from edgebert.serving.routes.native import scores_of
from edgebert.serving.routes.route import Route
from edgebert.serving.routes.vectors import require_direction, weights_of
from edgebert.serving.server import Server
from edgebert.serving.texts import texts_of
from edgebert.serving.vectors import as_asked, numbers_kept


@dataclass(frozen=True)
class Asked:
    """A request for the task of a bundle.

    Attributes:
        request: that came.
        served: the bundle.
        body: of the request.
    """

    request: Request
    served: ServedModel
    body: InferenceBody

    @property
    def one(self) -> bool:
        """Whether a single text was sent, and not a list."""
        return not isinstance(self.body.inputs, list)

    def texts(self) -> list[str]:
        """The texts.

        Raises:
            ApiError: 400 there are none, 422 something else.
        """
        inputs = self.body.inputs
        given = inputs if isinstance(inputs, list) else [inputs]
        texts = [text for text in given if isinstance(text, str)]
        if len(texts) < len(given):
            raise self.refusal("inputs", "a text or a list of texts")
        return texts_of(texts, "inputs")

    def parameters(self, *allowed: str) -> Parameters:
        """The parameters, where there are only such as the task has.

        Raises:
            ApiError: 422 there are others.
        """
        given = self.body.parameters or Parameters()
        others = [
            name
            for name in Parameters.__struct_fields__
            if name not in allowed and getattr(given, name) is not None
        ]
        if others:
            known = f"only {' and '.join(allowed)}" if allowed else "none"
            raise self.refusal(f"parameters.{others[0]}", f"{known} of these")
        return given

    def refusal(self, field: str, expected: str) -> ApiError:
        """What is told of a field that is not for this task."""
        task = self.served.model.task
        message = f"{field}: {self.served.name} is for {task}, which takes {expected}"
        return ApiError(422, VALIDATION, message, param=field)


_GUESSES = 5
"""For each mask, as Hugging Face's pipeline gives them."""

Ask = Callable[[Asked], Awaitable[Response]]


def routes(server: Server) -> list[Route]:
    """What huggingface_hub's client asks of an address."""
    asking: dict[str, Ask] = {
        "embed": _Vectors(server).ask,
        "embed_sparse": _Vectors(server).ask_sparse,
        "classify": _Heads(server).classify,
        "tag": _Heads(server).tag,
        "answer": _Heads(server).answer,
        "fill_mask": _Heads(server).fill_mask,
    }

    async def infer(request: Request) -> Response:
        body = await server.read_body(request, InferenceBody)
        served = server.model(request, body.model, _verb(body))
        require_direction(served, body.truncation_direction)
        task = served.model.spec.task
        if task.verb not in asking:
            message = f"{served.name} is for {task.name}, which is asked at /{task.verb}"
            raise ApiError(422, VALIDATION, message)
        return await asking[task.verb](Asked(request, served, body))

    summary = "What the bundle is for: vectors, labels, entities, answers, words or likenesses"
    return [Route("/", infer, summary, body=InferenceBody, answer=InferenceAnswer)]


class _Asking:
    def __init__(self, server: Server) -> None:
        self._ask = server.ask

    async def _reply(self, asked: Asked, verb: str, *args: Any, **options: Any) -> Reply:
        options["truncate"] = asked.body.truncate
        return await self._ask(asked.request, asked.served, verb, *args, **options)


class _Vectors(_Asking):
    """Vectors, and how alike texts are."""

    async def ask(self, asked: Asked) -> Response:
        asked.parameters()
        body, served = asked.body, asked.served
        if isinstance(body.inputs, Sides):
            return await self._compare(asked, body.inputs)
        options = {
            "prompt": body.prompt_name,
            "truncate_dim": numbers_kept(body.dimensions, served),
        }
        reply = await self._reply(asked, "embed", asked.texts(), **options)
        vectors, told = as_asked(reply.value, body.normalize, served)
        return json_response(vectors, reply, told)

    async def ask_sparse(self, asked: Asked) -> Response:
        asked.parameters()
        body = asked.body
        if isinstance(body.inputs, Sides):
            return await self._compare(asked, body.inputs)
        reply = await self._reply(asked, "embed_sparse", asked.texts(), prompt=body.prompt_name)
        return json_response([weights_of(vector) for vector in reply.value], reply)

    async def _compare(self, asked: Asked, sides: Sides) -> Response:
        one, others = sides.source_sentence, sides.sentences
        if one is None or others is None:
            raise asked.refusal("inputs", "texts, or source_sentence and sentences")
        reply = await self._reply(asked, "similarity", one, others)
        return json_response(reply.value, reply)


class _Heads(_Asking):
    """Labels, entities, answers and words."""

    async def classify(self, asked: Asked) -> Response:
        given = asked.parameters("top_k", "function_to_apply")
        scoring = asked.served.model.spec.scoring
        own = "none" if scoring == IDENTITY else scoring
        if given.function_to_apply not in (None, own):
            raise asked.refusal("parameters.function_to_apply", f"{own!r}, as it was trained")
        reply = await self._reply(asked, "classify", asked.texts())
        return json_response([scores_of(each)[: given.top_k] for each in reply.value], reply)

    async def tag(self, asked: Asked) -> Response:
        given = asked.parameters("aggregation_strategy", "ignore_labels")
        options = {"aggregation": given.aggregation_strategy}
        reply = await self._reply(asked, "tag", asked.texts(), **options)
        ignored = frozenset(given.ignore_labels or ())
        told = [entities_of(each, ignored) for each in reply.value]
        return json_response(told[0] if asked.one else told, reply)

    async def answer(self, asked: Asked) -> Response:
        given = asked.parameters("handle_impossible_answer")
        inputs = asked.body.inputs
        pairs = [
            _question(asked, pair) for pair in (inputs if isinstance(inputs, list) else [inputs])
        ]
        questions, contexts = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        allowed = {"allow_no_answer": bool(given.handle_impossible_answer)}
        reply = await self._reply(asked, "answer", questions, contexts, **allowed)
        told = list(map(answer_of, reply.value))
        return json_response(told[0] if asked.one else told, reply)

    async def fill_mask(self, asked: Asked) -> Response:
        given = asked.parameters("top_k")
        texts, k = asked.texts(), given.top_k or _GUESSES
        require_few_guesses(asked.served, texts, k)
        reply = await self._reply(asked, "fill_mask", texts, k=k)
        told = list(map(fills_by_mask, reply.value))
        return json_response(told[0] if asked.one else told, reply)


def _question(asked: Asked, pair: Any) -> tuple[str, str]:
    if isinstance(pair, Sides) and pair.question is not None and pair.context is not None:
        return pair.question, pair.context
    raise asked.refusal("inputs", "question and context, or a list of these")


def _verb(body: InferenceBody) -> str:
    """What is asked, as far as its shape says."""
    if not isinstance(body.inputs, Sides):
        return ANYTHING
    return "similarity" if body.inputs.question is None else "answer"
