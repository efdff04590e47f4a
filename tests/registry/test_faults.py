"""Accidents on purpose: what they are on a socket, to any WSGI server, and to our own client."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

import ocinb
from ocinb.errors import TransferError
from ocinb.oci.image import Blob, Image
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Request
from ocinb.registry import faults, lessons
from ocinb.registry.app import LocalRegistry
from ocinb.registry.faults import When
from ocinb.registry.wsgi import application
from tests.registry.asking import BLOB, NAME, ask, open_upload, push_blob, push_manifest
from tests.registry.wire import ask as ask_over
from tests.registry.wire import connected, head

GET = f"/v2/demo/app/blobs/{NAME}"
LARGE = bytes(range(256)) * 12_000


@pytest.fixture
def registry():
    with LocalRegistry() as registry:
        push_manifest(registry, "demo/app")
        yield registry


def heard(fault, method: str, url: str, body: bytes = b"", stated: int | None = None):
    """What a raw client reads until the connection ends, and how it ends.

    The connection is kept open from this side: it is the server's to end.
    """
    said = b""
    with (
        fault.serve() as server,
        socket.create_connection(("127.0.0.1", server.port), 5) as connection,
    ):
        length = len(body) if stated is None else stated
        asked = head(server, f"{method} {url} HTTP/1.1", f"Content-Length: {length}")
        connection.sendall(asked + body)  # at once: it may be over before there is a second time
        try:
            while piece := connection.recv(65536):
                said += piece
        except ConnectionResetError:
            return said, "reset"
        except TimeoutError:
            return said, "open"
    return said, "closed"


def body_of(said: bytes) -> bytes:
    return said.partition(b"\r\n\r\n")[2]


class TestOnASocket:
    def test_a_body_is_cut_at_the_byte_and_the_connection_ends(self, registry):
        said, end = heard(faults.cut(registry, 500), "GET", GET)
        assert end == "closed"
        assert said.startswith(b"HTTP/1.1 200 ")
        assert b"Content-Length: 2048" in said
        assert body_of(said) == BLOB[:500]

    def test_a_body_that_is_cut_by_force_ends_with_a_reset(self, registry):
        digest = push_blob(registry, "demo/app", LARGE)
        url = f"/v2/demo/app/blobs/{digest}"
        said, end = heard(faults.cut(registry, 1_000_000, reset=True), "GET", url)
        assert end == "reset"
        assert len(body_of(said)) <= 1_000_000

    @pytest.mark.parametrize("reset", [False, True])
    def test_a_hang_up_says_nothing_and_the_registry_heard_nothing(self, registry, reset):
        url = f"/v2/demo/new/blobs/uploads/?digest={NAME}"
        said, end = heard(faults.hang_up(registry, reset=reset), "POST", url, stated=0)
        assert (said, end) == (b"", "reset" if reset else "closed")
        assert registry.repositories == ("demo/app",)

    @pytest.mark.parametrize("reset", [False, True])
    def test_a_lost_answer_is_to_something_that_was_done(self, registry, reset):
        url = f"/v2/demo/new/blobs/uploads/?digest={NAME}"
        said, end = heard(faults.lose(registry, reset=reset), "POST", url, BLOB)
        assert (said, end) == (b"", "reset" if reset else "closed")
        assert ask(registry, "GET", f"/v2/demo/new/blobs/{NAME}").body == BLOB

    def test_a_truncated_upload_is_kept_as_far_as_it_came(self, registry):
        location = open_upload(registry, "demo/app")
        fault = faults.truncate(registry, 700)
        said, end = heard(fault, "PATCH", location, BLOB)
        assert said == b""
        assert end in ("closed", "reset")  # by the system, if bytes came that nobody read
        assert ask(registry, "GET", location).headers["range"] == "0-699"

    def test_a_shorter_upload_is_not_truncated(self, registry):
        location = open_upload(registry, "demo/app")
        fault = faults.truncate(registry, len(BLOB))
        assert fault.handle(Request("PATCH", location, {}, BLOB)).status == 202
        assert ask(registry, "GET", location).headers["range"] == "0-2047"

    def test_a_bit_is_flipped_and_the_rest_is_as_it_was(self, registry):
        with faults.flip(registry, 1_234).serve() as server, connected(server) as client:
            _, changed = ask_over(client, "GET", GET)
        assert [n for n in range(2_048) if changed[n] != BLOB[n]] == [1_234]

    def test_a_failure_is_answered_in_the_registry_s_place(self, registry):
        fault = faults.fail(registry, 503, retry_after=7)
        answer = fault.handle(Request("GET", GET))
        assert (answer.status, answer.headers["retry-after"]) == (503, "7")
        with fault.serve() as server, connected(server) as client:
            response, _ = ask_over(client, "GET", GET)
            assert (response.status, response.headers["retry-after"]) == (503, "7")

    def test_a_lesson_that_breaks_off_ends_the_connection_too(self, registry):
        """Otherwise the client waits for the rest, or takes the next answer for it."""
        said, end = heard(lessons.cut_short(registry), "GET", GET)
        assert (body_of(said), end) == (BLOB[:1024], "closed")

    def test_the_server_goes_on_after_each(self, registry):
        fault = faults.cut(registry, 1, When(endpoints.GET_BLOB, every=2), reset=True)
        with fault.serve() as server:
            for n in range(1, 20):
                with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
                    connection.sendall(head(server, f"GET {GET} HTTP/1.1", "Connection: close"))
                    said = b""
                    with contextlib.suppress(ConnectionResetError):
                        while piece := connection.recv(65536):
                            said += piece
                    assert (body_of(said) == BLOB) == (n % 2 == 1)


class TestUnderAnotherServer:
    """A fault is a WSGI application like any other, and ends the connection there, too."""

    @pytest.mark.parametrize("fault", [faults.lose, faults.hang_up, lambda it: faults.cut(it, 500)])
    def test_the_answer_ends_early(self, registry, fault, capfd):
        class Quiet(WSGIRequestHandler):
            def log_message(self, *_):
                pass

        app = application(fault(registry).handle)
        with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            with socket.create_connection(("127.0.0.1", server.server_port), 5) as connection:
                connection.sendall(f"GET {GET} HTTP/1.0\r\n\r\n".encode())
                said = b""
                with contextlib.suppress(ConnectionResetError):
                    while piece := connection.recv(65536):
                        said += piece
            thread.join()
        assert BLOB not in said


class TestWhen:
    def test_it_happens_to_every_so_manieth_and_so_often(self):
        when = When(every=3, first=2)
        happened = [when.happens(Request("GET", "/v2/")) for _ in range(12)]
        assert [n for n, each in enumerate(happened, 1) if each] == [3, 6]
        assert repr(when) == "<When any request, every 3, 2 times>"

    @pytest.mark.parametrize(
        ("endpoint", "method", "url", "fits"),
        [
            (endpoints.GET_BLOB, "GET", GET, True),
            (endpoints.GET_BLOB, "HEAD", GET, False),
            (endpoints.HEAD_BLOB, "HEAD", GET, True),
            (endpoints.GET_BLOB, "GET", "/v2/demo/app/manifests/v1", False),
            (endpoints.CLOSE_UPLOAD, "PUT", f"/v2/a/blobs/uploads/x?digest={NAME}", True),
            (endpoints.MOUNT_BLOB, "POST", "/v2/a/blobs/uploads/", False),
            (endpoints.MOUNT_BLOB, "POST", f"/v2/a/blobs/uploads/?mount={NAME}", True),
            (endpoints.LIST_TAGS, "GET", "http://127.0.0.1:5000/v2/a/tags/list?n=2", True),
        ],
    )
    def test_it_is_for_the_endpoints_named(self, endpoint, method, url, fits):
        assert When(endpoint, endpoints.PING).happens(Request(method, url)) == fits

    def test_it_counts_only_what_it_is_for_and_across_threads(self):
        when = When(endpoints.PING, first=5)
        happened = []

        def work():
            for _ in range(50):
                when.happens(Request("GET", GET))
                happened.append(when.happens(Request("GET", "/v2/")))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert happened.count(True) == 5


@pytest.fixture(params=["in process", "over http"])
def repository(request):
    """Our own client, at a registry with a fault: in this process, and over a socket."""
    with contextlib.ExitStack() as opened:

        def reach(fault, **options):
            if request.param == "in process":
                return ocinb.Repository("demo/app", registry=fault, **options)
            server = opened.enter_context(fault.serve())
            return opened.enter_context(ocinb.Repository(f"{server.host}/demo/app", **options))

        yield reach


class TestOurClient:
    """It copes as it promises, and alike whichever way it is connected."""

    @pytest.mark.parametrize("reset", [False, True])
    def test_a_download_that_is_cut_goes_on(self, repository, reset, tmp_path):
        school = ocinb.sample.school()
        when = When(endpoints.GET_BLOB, first=1)
        pulled = repository(faults.cut(school, 100, when, reset=reset))["latest"]["linux/amd64"]
        pulled.pull(tmp_path / "layout", progress=False)
        assert ocinb.Layout(tmp_path / "layout").content(pulled.layers[0].digest)

    def test_an_upload_that_is_cut_goes_on(self, registry, repository):
        when = When(endpoints.CLOSE_UPLOAD, endpoints.SEND_CHUNK, first=1)
        target = repository(faults.truncate(registry, 1_000_000, when))
        image = Image.of(Blob.of(b"{}", "a/b"), [Blob.of(LARGE, "a/c")])
        target.push(image, "new", progress=False)
        assert ask(registry, "HEAD", "/v2/demo/app/manifests/new").status == 200

    @pytest.mark.parametrize(
        "endpoint", [endpoints.CLOSE_UPLOAD, endpoints.PUT_MANIFEST, endpoints.OPEN_UPLOAD]
    )
    def test_what_was_done_though_the_answer_was_lost_is_not_done_twice(
        self, registry, repository, endpoint
    ):
        target = repository(faults.lose(registry, When(endpoint, first=1)))
        image = Image.of(Blob.of(b"{}", "a/b"), [Blob.of(b"layer", "a/c")])
        target.push(image, "new", progress=False)
        assert ask(registry, "HEAD", "/v2/demo/app/manifests/new").status == 200

    def test_what_hangs_up_always_is_given_up(self, registry, repository):
        with pytest.raises(TransferError, match="connection broke"):
            repository(faults.hang_up(registry)).tags()

    def test_faults_can_be_composed_and_named(self, registry):
        fault = faults.fail(faults.delay(registry, 0.0), 500, When(endpoints.PING, first=1))
        assert repr(fault) == "<Lesson: answers 500 <When end-1, 1 times>>"
        assert [fault.handle(Request("GET", "/v2/")).status for _ in range(2)] == [500, 200]

    def test_a_delay_is_before_the_registry_hears_of_it(self, registry):
        order: list[float] = []
        fault = faults.delay(registry, 1.5, sleep=order.append)
        fault.handle(Request("GET", "/v2/"))
        assert order == [1.5]


@pytest.mark.parametrize("options", [{"every": 0}, {"first": -1}, {"every": "2"}])
def test_a_schedule_that_cannot_be_is_refused(options: dict[str, Any]):
    with pytest.raises((TypeError, ValueError), match=rf"^{next(iter(options))} is"):
        When(**options)
    with pytest.raises(TypeError, match=r"^When\(…\) is given endpoints"):
        When("GET /v2/")  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", ["1", -1])
def test_nothing_is_late_by_what_is_no_time(seconds: Any):
    with pytest.raises((TypeError, ValueError), match=r"^seconds is"):
        faults.delay(LocalRegistry(), seconds)
