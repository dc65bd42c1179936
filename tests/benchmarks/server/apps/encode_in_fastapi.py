"""sentence-transformers behind FastAPI, as its users write it."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI  # type: ignore[import-not-found]
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer

app = FastAPI()
model = SentenceTransformer(sys.argv[1], device="cpu")


class Texts(BaseModel):
    """The body."""

    input: str | list[str]


@app.get("/ready")  # type: ignore[untyped-decorator]
def ready() -> str:
    """Whether it answers."""
    return "ready"


@app.post("/embed")  # type: ignore[untyped-decorator]
def embed(texts: Texts) -> dict[str, list[list[float]]]:
    """A vector for each text."""
    asked = [texts.input] if isinstance(texts.input, str) else texts.input
    return {"embeddings": model.encode(asked, normalize_embeddings=True).tolist()}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), access_log=False)
