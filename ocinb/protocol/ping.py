"""Is there a registry at all? (end-1)"""

from __future__ import annotations

from dataclasses import dataclass

from ocinb.drawable import Drawable
from ocinb.errors import NotARegistry
from ocinb.protocol import endpoints
from ocinb.protocol.fields.challenge import Challenge, challenges
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.text import visible


@dataclass(frozen=True)
class Ping(Drawable):
    """What a registry said of itself at `/v2/`.

    `challenges` is what it asks for before it tells more; nothing there does not mean that
    repositories are open, nor the other way round.
    """

    status: int
    version: str = ""
    challenges: tuple[Challenge, ...] = ()
    server: str = ""

    def __repr__(self) -> str:
        said = ", ".join(filter(None, (visible(self.version, 80), visible(self.server, 80))))
        return f"<Ping {self.status}{f' {said}' if said else ''}>"


def ping() -> Conversation[Ping]:
    """Ask `/v2/`; raises `NotARegistry` when what answers does not speak the API."""
    response = yield Step(
        "Is this a registry?",
        Request("GET", endpoints.PING.path()),
        endpoints.PING,
        why="200 says yes, and 401 says yes, but tell me who you are first.",
    )
    if response.status == 404 or (response.status == 200 and response.is_web_page()):
        raise not_a_registry(response)
    response.expect(200, 401)
    return Ping(
        response.status,
        visible(response.headers.get("docker-distribution-api-version", ""), 80),
        challenges(response.headers.get_all("www-authenticate")),
        visible(response.headers.get("server", ""), 80),
    )


def not_a_registry(response: Response) -> NotARegistry:
    """The error for an answer that no registry gives."""
    method, url = response.asked
    said = response.body[:80].decode("utf-8", "replace").strip()
    return NotARegistry(
        response.status,
        "",
        f"it answered {response.media_type() or 'without a content type'}: {said!r}",
        method=method,
        url=url,
        hints=[
            "check the host and port; some registries sit under another name than their web page"
        ],
    )
