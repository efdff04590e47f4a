"""What the client's tests share: registries that count, say what they are told, or break off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from ocinb.client.registry import Registry
from ocinb.client.remote import RemoteImage, RemoteIndex
from ocinb.client.repository import Repository
from ocinb.client.retry import Retry
from ocinb.oci import media_types
from ocinb.oci.image import Blob, Image
from ocinb.protocol.messages import Handle, Request, Response


class Counted:
    """A registry in this process that keeps what it was asked; `names` are its repositories."""

    def __init__(self, handle: Handle, *names: str) -> None:
        self._handle, self.repositories = handle, names
        self.asked: list[Request] = []

    def handle(self, request: Request) -> Response:
        self.asked.append(request)
        return self._handle(request)

    def since(self) -> list[str]:
        """What was asked since this was called last, as `METHOD /path`."""
        asked, self.asked = self.asked, []
        return [f"{each.method} {each.url}" for each in asked]


class Pieces:
    """A body in pieces, which may raise before its end."""

    def __init__(self, *pieces: bytes | BaseException, size: int | None = None) -> None:
        self._pieces = pieces
        known = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
        self.size = known if size is None else size

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, BaseException):
                raise piece
            yield piece


def in_a_hurry(repository: Repository) -> Repository:
    """The same, without waiting between tries."""
    repository.registry._sender._retry = Retry(sleep=lambda seconds: None)
    return repository


def scripted(*answers: Response, name: str = "demo/app") -> Repository:
    """A repository whose registry gives these answers, the last one for ever."""
    left = list(answers)

    def handle(request: Request) -> Response:
        return left.pop(0) if len(left) > 1 else left[0]

    return in_a_hurry(Repository(name, registry=Counted(handle, name)))


def instead(
    of: str, answer: Response | Callable[[Request], Response], handle: Handle, times: int = 1_000
) -> Handle:
    """`handle`, but requests that have `of` in `METHOD /path` get `answer`, so many times."""
    left = [answer] * times

    def answered(request: Request) -> Response:
        if of not in f"{request.method} {request.url}" or not left:
            return handle(request)
        found = left.pop()
        return found if isinstance(found, Response) else found(request)

    return answered


def refusal(status: int, code: str, message: str = "", **headers: str) -> Response:
    """A registry's no."""
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"Content-Type": "application/json", **named}, body)


def image(*contents: bytes) -> Image:
    """A small image with a layer for each of `contents`."""
    config = Blob.of(b'{"os":"linux","architecture":"amd64"}', media_types.CONFIG)
    return Image.of(config, [Blob.of(content, media_types.LAYER) for content in contents])


def an_index(repository: Repository, reference: str = "latest") -> RemoteIndex:
    """The index under a tag or digest."""
    found = repository[reference]
    assert isinstance(found, RemoteIndex)
    return found


def an_image(index: RemoteIndex, platform: str = "linux/amd64") -> RemoteImage:
    """The image of `index` for a platform."""
    found = index[platform]
    assert isinstance(found, RemoteImage)
    return found


def opened(registry: object, name: str = "demo/app", **options: object) -> Repository:
    """A repository in an embedded registry, through a registry object of its own."""
    return Repository(name, registry=Registry(registry, **options))  # type: ignore[arg-type]
