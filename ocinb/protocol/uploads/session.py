"""An upload that is open: where it goes on, how far it has come, and what to say to it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NoReturn
from urllib.parse import urlsplit

from ocinb.drawable import Drawable
from ocinb.errors import InvalidContent, InvalidReference
from ocinb.oci import strict_json
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.protocol import endpoints
from ocinb.protocol.fields.headers import length
from ocinb.protocol.fields.links import resolved
from ocinb.protocol.messages import Request, Response, Step
from ocinb.text import human_size, redacted_url

MOST = 1024 * 1024 * 1024  # bytes in a chunk; more is asked for by mistake, whoever asks
_JSON_LIMIT = 64 * 1024
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class UploadSession(Drawable):
    """An open upload of a blob, of which the registry has `offset` bytes.

    `location` is where it goes on, byte for byte as the registry said it. What stands behind its
    `?` may be all that somebody needs to write there, so it is never shown; `to_json` has it, for
    another kernel to go on. `digest` and `size` are None as long as nobody knows them; `minimum`
    is the least number of bytes that the registry takes in a chunk.
    """

    location: str = field(repr=False)
    digest: Digest | None
    size: int | None
    offset: int = 0
    minimum: int = 0

    @classmethod
    def opened(cls, response: Response, blob: Descriptor | None = None) -> UploadSession:
        """The session that `response` opened for `blob`."""
        digest, size = (blob.digest, blob.size) if blob else (None, None)
        return cls(upload_location(response), digest, size, minimum=_minimum(response))

    def after(self, response: Response) -> UploadSession:
        """The same after one more answer, whose `Location` is where it goes on now (C20)."""
        location = response.headers.get("location", "")
        return replace(self, location=resolved(response, location)) if location else self

    def status_step(self) -> Step:
        """The step that asks how far it has come (C22, end-13)."""
        return Step(
            "How far has the upload come?",
            Request("GET", self.location),
            endpoints.UPLOAD_STATUS,
            why="Only the registry knows which of the bytes it was sent arrived.",
            session=self,
        )

    def cancel_step(self) -> Step:
        """The step that gives it up (C24, end-14); nobody minds when that fails."""
        return Step(
            "Cancel the upload",
            Request("DELETE", self.location),
            endpoints.CANCEL_UPLOAD,
            why="Nobody will go on with it: the registry may forget what it holds of it.",
            recovers=True,
        )

    @property
    def place(self) -> str:
        """Where it goes on, as far as others may see that."""
        return redacted_url(self.location.partition("?")[0])

    def to_json(self) -> str:
        """All of it as JSON. Keep it to yourself: who has it can write to the upload."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> UploadSession:
        """What `to_json` wrote; raises `InvalidContent` for anything else."""
        raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        said = strict_json.parse_object(raw, "the upload session", _JSON_LIMIT)
        size = None if said.get("size") is None else _count(said, "size")
        session = cls(
            _address(said.get("location")),
            _digest(said.get("digest")),
            size,
            _count(said, "offset"),
            _count(said, "minimum"),
        )
        if size is not None and session.offset > size:
            raise InvalidContent("the upload session has more bytes than its blob")
        return session

    def __reduce__(self) -> NoReturn:
        raise TypeError("what an upload goes on with is kept on purpose only: see to_json")

    def __repr__(self) -> str:
        what = self.digest.short if self.digest else "a blob without a name yet"
        of = "" if self.size is None else f" of {human_size(self.size)}"
        return f"<UploadSession {what}, {human_size(self.offset)}{of} at {self.place}>"


def upload_location(response: Response) -> str:
    """Where an upload goes on, as the registry said (C14): only made absolute, never re-encoded."""
    location = response.headers.get("location", "")
    if not location:
        raise response.unexpected("it opened an upload without saying where (no Location)")
    return resolved(response, location)


def with_query(url: str, pair: str) -> str:
    """`url` with one more query pair, whatever query it has already kept byte for byte (L-5)."""
    return f"{url}{'&' if '?' in url else '?'}{pair}"


def _minimum(response: Response) -> int:
    """The least size of a chunk (C19); what cannot be meant is no minimum."""
    minimum = length(response.headers.get("oci-chunk-min-length", "")) or 0
    return minimum if minimum <= MOST else 0


def _address(location: Any) -> str:
    """A location that somebody kept: a path, or a URL of a kind that registries have."""
    if isinstance(location, str) and location.isascii() and location.isprintable():
        try:
            known = urlsplit(location).scheme in ("http", "https")
        except ValueError:
            known = False
        if known or (location.startswith("/") and not location.startswith("//")):
            return location
    raise InvalidContent("the upload session says no place where it goes on")


def _digest(value: Any) -> Digest | None:
    try:
        return None if value is None else Digest(value)
    except InvalidReference as error:
        raise InvalidContent(f"the upload session's digest: {error}") from None


def _count(said: dict[str, Any], name: str) -> int:
    value = said.get(name, 0)
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise InvalidContent(f"the upload session's {name} is no number of bytes")
    return value
