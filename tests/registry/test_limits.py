"""What a registry takes at most, and what can be switched off."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import ocinb
from ocinb.errors import DeleteDisabled, RegistryError
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Image
from ocinb.protocol.messages import Body
from ocinb.registry import sessions
from ocinb.registry.app import LocalRegistry
from ocinb.registry.quota import Quota
from ocinb.storage.memory import MemoryStore
from ocinb.storage.store import Ingest
from tests.registry.asking import (
    BLOB,
    CONFIG,
    MANIFEST,
    NAME,
    Streamed,
    ask,
    code,
    open_upload,
    push_blob,
    push_manifest,
    put_manifest,
)

LIMIT = 10_000
UPLOADS = "/v2/demo/app/blobs/uploads/"


@pytest.fixture(params=["memory", "disk"])
def limited(request, tmp_path):
    """A registry that holds 10,000 bytes, once in memory and once on disk."""
    place = tmp_path / "registry" if request.param == "disk" else None
    with LocalRegistry(place, limit=LIMIT) as registry:
        yield registry


def pushed(registry, content: bytes | Body, digest: Digest):
    return ask(registry, "POST", f"{UPLOADS}?digest={digest}", content)


def fill(registry, size: int, letter: bytes = b"a") -> Digest:
    return push_blob(registry, "demo/app", letter * size)


def test_what_fits_to_the_last_byte_is_taken(limited):
    """K-28"""
    fill(limited, LIMIT)
    assert code(pushed(limited, b"x", Digest.of(b"x"))) == "413 SIZE_INVALID"


@pytest.mark.parametrize("sized", [True, False])
def test_what_does_not_fit_is_413_says_what_is_taken_and_leaves_nothing(limited, sized):
    fill(limited, 9_000)
    content = b"b" * 1_001
    answer = pushed(limited, content if sized else Streamed(*[b"b"] * 1_001), Digest.of(content))
    assert code(answer) == "413 SIZE_INVALID"
    assert b"10000 bytes" in answer.body
    assert ask(limited, "HEAD", f"/v2/demo/app/blobs/{Digest.of(content)}").status == 404
    fill(limited, 1_000, b"c")


def test_what_says_it_will_not_fit_is_refused_before_it_is_sent(limited):
    class Unread:
        size = LIMIT + 1

        def __iter__(self) -> Iterator[bytes]:
            raise AssertionError("it was read")

    location = open_upload(limited, "demo/app")
    assert ask(limited, "PATCH", location, Unread()).status == 413
    assert ask(limited, "PUT", f"{location}?digest={NAME}", Unread()).status == 413
    assert pushed(limited, Unread(), NAME).status == 413


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("sized", [True, False])
def test_a_session_that_finds_no_room_stays_where_it_was(limited, method, sized):
    location = open_upload(limited, "demo/app")
    ask(limited, "PATCH", location, BLOB[:1000])
    digest = fill(limited, 8_000)
    rest = BLOB[1000:]
    body = rest if sized else Streamed(rest[:500], rest[500:])
    url = f"{location}?digest={NAME}"
    assert code(ask(limited, method, url, body)) == "413 SIZE_INVALID"
    assert ask(limited, "GET", location).headers["range"] == "0-999"
    ask(limited, "DELETE", f"/v2/demo/app/blobs/{digest}")
    assert ask(limited, "PUT", url, rest).status == 201


def test_unfinished_uploads_take_room_until_they_end(limited):
    location = open_upload(limited, "demo/app")
    ask(limited, "PATCH", location, bytes(9_000))
    assert pushed(limited, BLOB, NAME).status == 413
    ask(limited, "DELETE", location)
    assert pushed(limited, BLOB, NAME).status == 201


def test_a_manifest_and_a_mount_take_room_too(limited):
    push_blob(limited, "demo/app")
    push_blob(limited, "demo/app", CONFIG)
    fill(limited, LIMIT - len(BLOB) - len(CONFIG) - len(MANIFEST.raw))
    url = f"/v2/demo/other/blobs/uploads/?mount={NAME}"
    assert code(ask(limited, "POST", url)) == "413 SIZE_INVALID"
    assert put_manifest(limited, "demo/app", "v1", MANIFEST.raw).status == 201
    answer = put_manifest(limited, "demo/app", "v2", MANIFEST.raw + b" ")
    assert code(answer) == "413 SIZE_INVALID"
    assert json.loads(ask(limited, "GET", "/v2/demo/app/tags/list").body)["tags"] == ["v1"]


def test_what_is_in_a_folder_already_counts(tmp_path):
    with LocalRegistry(tmp_path) as registry:
        fill(registry, 6_000)
        location = open_upload(registry, "demo/app")
        ask(registry, "PATCH", location, bytes(3_000))
    with LocalRegistry(tmp_path, limit=LIMIT) as again:
        assert pushed(again, BLOB, NAME).status == 413
        ask(again, "DELETE", location)
        assert pushed(again, BLOB, NAME).status == 201


def test_many_writers_together_do_not_exceed_it(limited):
    def work(number):
        content = bytes([number]) * 3_000
        pieces = [content[start : start + 100] for start in range(0, 3_000, 100)]
        statuses.append(pushed(limited, Streamed(*pieces), Digest.of(content)).status)

    statuses: list[int] = []
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = limited.store("demo/app").size if 201 in statuses else 0
    assert held == 3_000 * statuses.count(201) <= LIMIT
    assert set(statuses) <= {201, 413}


def test_G8_the_hundred_and_first_session_is_429_and_says_when_to_come_back():
    """S31."""
    registry = LocalRegistry()
    locations = [open_upload(registry, "demo/app") for _ in range(sessions.MOST_OPEN)]
    assert len(locations) == 100
    answer = ask(registry, "POST", UPLOADS)
    assert code(answer) == "429 TOOMANYREQUESTS"
    assert 0 < int(answer.headers["retry-after"]) <= 3_600
    assert pushed(registry, BLOB, NAME).status == 201  # needs none
    ask(registry, "DELETE", locations[50])
    open_upload(registry, "demo/app")


def test_G17_where_deletes_are_off_they_are_405_for_all_three_kinds():
    """CVE-2026-41888: the switch was forgotten for tags."""
    strict = LocalRegistry(deletes=False)
    push_manifest(strict, "demo/app")
    for what in ("manifests/v1", f"manifests/{MANIFEST.digest}", f"blobs/{NAME}", "manifests/none"):
        answer = ask(strict, "DELETE", f"/v2/demo/app/{what}")
        assert code(answer) == "405 UNSUPPORTED"
        assert "DELETE" not in answer.headers["allow"]
    for what in ("manifests/v1", f"manifests/{MANIFEST.digest}", f"blobs/{NAME}"):
        assert ask(strict, "GET", f"/v2/demo/app/{what}").status == 200
    assert ask(strict, "DELETE", open_upload(strict, "demo/app")).status == 204


def test_our_own_client_says_that_deletes_are_off():
    strict = LocalRegistry(deletes=False)
    push_manifest(strict, "demo/app")
    with pytest.raises(DeleteDisabled):
        ocinb.Repository("demo/app", registry=strict).delete("v1")


def test_our_own_client_says_that_there_is_no_room_and_leaves_nothing(limited):
    repository = ocinb.Repository("demo/app", registry=limited)
    image = Image.of(Blob.of(b"{}", "a/b"), [Blob.of(bytes(LIMIT + 1), "a/c")])
    with pytest.raises(RegistryError, match="holds at most 10000 bytes") as caught:
        repository.push(image, "v1", progress=False)
    assert caught.value.status == 413
    assert len(limited._state.sessions) == 0


@pytest.mark.parametrize("limit", [-1, "1 GB", 1.5, True])
def test_a_limit_that_is_none_is_refused_and_the_folder_stays_free(tmp_path: Path, limit: Any):
    with pytest.raises((ValueError, TypeError), match=r"^limit is"):
        LocalRegistry(tmp_path, limit=limit)
    with LocalRegistry(tmp_path, limit=0) as registry:
        assert not registry.read_only


def test_uploads_that_begin_while_others_are_counted_are_no_trouble():
    """It took one of them in the wrong moment, in another thread, to answer 500."""
    quota, store = Quota(100, lambda: 0, lambda: 0), MemoryStore()
    others = contextlib.ExitStack()

    class Slow:
        """Another upload begins while it is counted."""

        @property
        def size(self) -> int:
            others.enter_context(quota.counting(store.ingest()))
            return 0

    with others, quota.counting(cast("Ingest", Slow())), quota.counting(store.ingest()):
        quota.check(1)
