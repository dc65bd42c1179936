"""How a server is asked to serve."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from edgebert.serving.models import Source

TEXT, JSON = "text", "json"
LOG_FORMATS = (TEXT, JSON)
_SHARE = 0.01


@dataclass(frozen=True)
class ServeOptions:
    """The options of `edgebert serve`.

    Attributes:
        host, port: what is listened on; port 0 takes any that is free.
        threads: cores that models may use; by default what affinity and cgroup grant.
        api_key_file: keys, one a line, of which a request has to carry one.
        no_auth: whether other machines may ask without a key.
        max_texts: texts of a request.
        max_body: bytes of a request.
        max_text_chars: characters of a text.
        max_waiting_tokens: tokens that wait for their run; more are refused.
        truncate: whether a text that is too long is cut, and that told, or refused.
        request_timeout: seconds until a request is answered, its reading included.
        cors_origins: web pages whose scripts may ask.
        references: float bundles that served ones are compared with, by the name of the latter;
            "" for the only one.
        shadow: share of texts that are compared; by default 1 %, where there is a reference.
        drain: seconds between "not ready" and the end of listening.
        grace: seconds that then remain for the answers to what was accepted.
        log_format: `text` or `json`.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    threads: int | None = None
    api_key_file: Path | None = None
    no_auth: bool = False
    max_texts: int = 1024
    max_body: int = 8_000_000
    max_text_chars: int = 1_000_000
    max_waiting_tokens: int = 262_144
    truncate: bool = True
    request_timeout: float = 30.0
    cors_origins: tuple[str, ...] = ()
    references: tuple[Source, ...] = ()
    shadow: float | None = None
    drain: float = 5.0
    grace: float = 20.0
    log_format: str = TEXT

    @property
    def share(self) -> float:
        """Of the texts that are compared with a reference, where there is one."""
        return _SHARE if self.shadow is None else self.shadow

    @property
    def is_open(self) -> bool:
        """Whether other machines can ask, and no key is needed."""
        return not (self.is_loopback or self.api_key_file or self.no_auth)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can ask."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
