"""Secrets appear nowhere (K-20, F-S1): one story with real secrets in it, and every face it has.

Those are a password, the tokens that are given for it, what signs the URL of a redirect, and the
state of an upload. The registry is served over a socket, so the whole client is in between.
"""

from __future__ import annotations

import base64
import json
import logging
import pickle
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import pytest
from nbclient import NotebookClient

import ocinb
from ocinb.client.remote import RemoteIndex
from ocinb.display import faces
from ocinb.drawable import Drawable
from ocinb.protocol.events import Event
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Handle, Request, Response
from ocinb.registry import lessons, sample
from ocinb.registry.lessons import Lesson
from tests.client import traces

PASSWORD, SIGNED, STATE = "canary-password-å+/", "canary-signed", "canary-state"
BASIC = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()


@dataclass
class Shown:
    """Everything that could be seen."""

    faces: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def see(self, value: Any) -> None:
        """Every face of a value, and what a pickle of it says, if there may be one."""
        self.faces += [repr(value), str(value)]
        if isinstance(value, Drawable):
            self.faces += [faces.html(value), faces.text(value), value.to_frame().to_csv()]
        with suppress(TypeError, AttributeError, pickle.PicklingError):
            self.faces.append(pickle.dumps(value, protocol=0).decode("latin-1"))

    def all(self) -> str:
        """What was seen, in one text."""
        return "\n".join((*self.faces, *map(repr, self.events)))


@contextmanager
def world() -> Iterator[tuple[str, list[str]]]:
    """A registry that wants a token, redirects to signed URLs and has a state in its uploads.

    Its host, and the tokens that it gives.
    """
    tokens: list[str] = []

    def misbehave(request: Request, handle: Handle) -> Response:
        if SIGNED in request.url:
            return Response(200, {"Content-Length": "3"}, b"abc")
        response = handle(replace(request, url=request.url.replace(f"_state={STATE}&", "")
                                  .replace(f"?_state={STATE}", "")))  # fmt: skip
        if request.method == "GET" and "/blobs/sha256:" in request.url and response.status == 200:
            return Response(307, {"Location": f"/elsewhere?X-Amz-Signature={SIGNED}"})
        if "/blobs/uploads/" in response.headers.get("location", ""):
            location = f"{response.headers['location']}?_state={STATE}"
            others = [pair for pair in response.headers.pairs() if pair[0].lower() != "location"]
            return replace(response, headers=Headers([*others, ("Location", location)]))
        return response

    def note_tokens(request: Request, handle: Handle) -> Response:
        response = handle(request)
        if request.url.startswith("/token") and response.status == 200:
            tokens.append(json.loads(response.body)["token"])
        return response

    signing = Lesson(sample.school(), "signs and remembers", misbehave)
    locked = lessons.locked(signing, "ada", PASSWORD)
    with Lesson(locked, "is watched", note_tokens).serve() as server:
        yield server.host, tokens


def leaked(text: str, tokens: list[str]) -> set[str]:
    """Which secrets are in `text`, by what they are."""
    assert tokens, "no token was given: this would prove nothing"
    secrets = {
        "password": PASSWORD,
        "password in a header": BASIC,
        "password in a URL": quote(PASSWORD),
        "password in JSON": json.dumps(PASSWORD)[1:-1],
        "signature": SIGNED,
        "state": STATE,
        **{f"token {number}": token for number, token in enumerate(tokens)},
    }
    return {what for what, secret in secrets.items() if secret in text}


def story(registry: ocinb.Registry, folder: Path) -> Iterator[object]:
    """What one does with a registry; each value, and each error with what led to it."""
    repository = registry["demo/app"]
    yield from (registry, repository, registry.ping(), registry.catalog(), repository.tags())
    index = repository["latest"]
    assert isinstance(index, RemoteIndex)
    image = index.image("linux/arm64")
    yield from (index, image, image.manifest)
    yield from (image.layers, repository.referrers("latest"), registry.capabilities("demo/app"))
    yield registry.capabilities(scratch="demo/scratch")
    yield repository.head("latest")
    yield _error(lambda: image.config)  # what comes by the signed URL is something else
    yield _error(lambda: repository.pull("latest", folder / "pulled"))
    yield _error(lambda: repository["nowhere"])
    scratch = registry["demo/pushed"]
    yield scratch.push(sample.chart(), "v1", chunk_size=1024, progress=print)
    steps = scratch.push_steps(ocinb.ImageIndex.of([]), "empty")
    while steps.waiting:
        yield steps.waiting
        yield steps.step()
    yield steps
    steps = scratch.push_steps(sample.app(), "half")
    while steps.session is None:
        steps.step()
    yield from (steps, steps.session, steps.waiting)
    steps.close()
    yield scratch.tag("v1", "v2")
    yield scratch.delete("v2")
    yield _error(lambda: scratch.delete("v2"))


def _error(ask: Any) -> BaseException:
    with pytest.raises(ocinb.OcinbError) as caught:
        ask()
    return caught.value


def test_no_secret_is_seen_whatever_one_does_and_however_one_looks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = Shown()
    with world() as (host, tokens):
        registry = ocinb.Registry(host, username="ada", password=PASSWORD)
        with registry, registry.watched_by(shown.events.append):
            for value in story(registry, tmp_path):
                shown.see(value)
                if isinstance(value, BaseException):
                    shown.faces.append(traces.told(value))
        with ocinb.Registry(host, username="eve", password=PASSWORD) as wrong:
            refused = _error(wrong["demo/app"].tags)
            shown.see(refused)
            shown.faces.append(traces.told(refused))
        seen = "\n".join(
            (shown.all(), caplog.text, *capsys.readouterr(), *map(repr, vars(registry).values()))
        )
    assert "demo/app" in seen
    assert leaked(seen, tokens) == set()


def test_no_secret_is_saved_with_a_notebook(tmp_path: Path) -> None:
    with world() as (host, tokens):
        cells = [
            f"import os, ocinb; registry = ocinb.Registry({host!r}, username='ada', "
            "password=os.environ['PASSWORD']); registry",
            "registry.capabilities(scratch='demo/scratch')",
            "repository = registry['demo/app']; display(repository['latest']); repository.tags()",
            "repository['latest']['linux/arm64'].config",
            "repository.pull('latest', 'pulled', progress=True)",
            "steps = registry['demo/pushed'].push_steps(ocinb.sample.chart(), 'v1')\n"
            "while steps.waiting: display(steps.step())\nsteps",
            "registry['demo/pushed'].push(ocinb.sample.app(), 'v1', progress=True, "
            "chunk_size=1024)",
            "%xmode Verbose\nrepository['nowhere']",
        ]
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        client = NotebookClient(
            book,
            timeout=120,
            allow_errors=True,
            kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path)}},
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PASSWORD", PASSWORD)
            client.execute()
    saved = nbformat.writes(book)
    assert "demo/app" in saved
    assert leaked(saved, tokens) == set()
