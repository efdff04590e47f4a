"""The registry on a real socket, asked by another client than ours."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ocinb.oci import media_types
from ocinb.oci.strict_json import MANIFEST_LIMIT
from ocinb.protocol.messages import Response
from ocinb.registry.app import LocalRegistry
from ocinb.registry.server import Server
from tests.registry.asking import BLOB, MANIFEST, NAME, Streamed, push_blob, push_manifest
from tests.registry.wire import ask, connected, head, raw


@pytest.fixture
def server(registry):
    with registry.serve() as server:
        yield server


@pytest.fixture
def client(server):
    with connected(server) as client:
        yield client


def test_it_says_where_it_is(server):
    assert server.host == f"127.0.0.1:{server.port}"
    assert server.url == f"http://{server.host}"
    assert repr(server) == f"<Server {server.url}>"


def test_a_push_and_a_pull_on_one_connection(client, registry):
    push_blob(registry, "demo/app", b"{}")
    response, _ = ask(client, "POST", "/v2/demo/app/blobs/uploads/")
    location = response.headers["location"]
    assert ask(client, "PATCH", location, BLOB[:99], Content_Range="0-98")[0].status == 202
    assert ask(client, "GET", location)[0].headers["range"] == "0-98"
    assert ask(client, "PUT", f"{location}?digest={NAME}", BLOB[99:])[0].status == 201
    url = "/v2/demo/app/manifests/v1"
    put, _ = ask(client, "PUT", url, MANIFEST.raw, Content_Type=media_types.MANIFEST)
    assert put.status == 201
    got, body = ask(client, "GET", url)
    assert (got.status, body) == (200, MANIFEST.raw)
    assert ask(client, "HEAD", url)[0].status == 200
    assert ask(client, "GET", f"/v2/demo/app/blobs/{NAME}")[1] == BLOB


@pytest.mark.parametrize("sizes", [[1], [7, 2000, 41], [1] * 50])
def test_G1_a_chunked_body_is_put_together(client, registry, sizes):
    location = ask(client, "POST", "/v2/demo/app/blobs/uploads/")[0].headers["location"]
    pieces, start = [], 0
    for size in sizes:
        pieces.append(BLOB[start : start + size])
        start += size
    response, _ = ask(client, "PATCH", location, iter(pieces), Transfer_Encoding="chunked")
    assert response.headers["range"] == f"0-{start - 1}"
    rest = iter([BLOB[start:]] if start < len(BLOB) else [])
    put = ask(client, "PUT", f"{location}?digest={NAME}", rest, Transfer_Encoding="chunked")[0]
    assert put.status == 201
    assert ask(client, "GET", f"/v2/demo/app/blobs/{NAME}")[1] == BLOB


@pytest.mark.parametrize("more", [0, 1])
def test_G10_a_manifest_in_chunks_is_measured_to_the_byte(client, registry, more):
    push_manifest(registry, "demo/app")
    pieces = iter([MANIFEST.raw, b" " * (MANIFEST_LIMIT - MANIFEST.size + more)])
    headers = {"Content_Type": media_types.MANIFEST, "Transfer_Encoding": "chunked"}
    response, text = ask(client, "PUT", "/v2/demo/app/manifests/large", pieces, **headers)
    assert (response.status, b"SIZE_INVALID" in text) == ((413, True) if more else (201, False))
    assert ask(client, "HEAD", "/v2/demo/app/manifests/large")[0].status == (404 if more else 200)


def test_a_chunk_larger_than_a_piece_is_read_in_pieces(client, registry):
    location = ask(client, "POST", "/v2/demo/app/blobs/uploads/")[0].headers["location"]
    large = [bytes(3_000_000), b"end"]
    response, _ = ask(client, "PATCH", location, iter(large), Transfer_Encoding="chunked")
    assert response.headers["range"] == "0-3000002"


def test_G22_a_connection_stays_in_step_after_a_refusal_with_an_unread_body(client):
    url = f"/v2/demo/app/blobs/uploads/none?digest={NAME}"
    for body, headers in [(BLOB, {}), (iter([BLOB] * 3), {"Transfer_Encoding": "chunked"})]:
        response, text = ask(client, "PUT", url, body, **headers)
        assert response.status == 404
        assert b"BLOB_UPLOAD_UNKNOWN" in text
        assert ask(client, "GET", "/v2/")[0].status == 200


def test_G22_a_large_unread_body_ends_the_connection(server):
    size = 64 * 1024 * 1024
    request = head(server, "PUT /v2/a/manifests/x HTTP/1.1", f"Content-Length: {size}")
    answer = raw(server, request)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer


def test_an_upload_that_breaks_off_is_kept_and_continued(server, client):
    location = ask(client, "POST", "/v2/demo/app/blobs/uploads/")[0].headers["location"]
    request = head(server, f"PATCH {location} HTTP/1.1", "Content-Length: 2048")
    raw(server, request, BLOB[:500])
    deadline = time.monotonic() + 10
    while True:
        status = ask(client, "GET", location)[0]
        assert status.status == 204
        if status.headers["range"] == "0-499" or time.monotonic() > deadline:
            break
    put = ask(client, "PUT", f"{location}?digest={NAME}", BLOB[500:], Content_Range="500-2047")[0]
    assert put.status == 201


@pytest.mark.parametrize("host", ["evil.com", "127.0.0.1", "127.0.0.1:1"])
def test_G20_another_host_is_421_over_the_wire(server, host):
    request = f"GET /v2/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    assert raw(server, request).startswith(b"HTTP/1.1 421 ")


def test_G20_a_web_page_is_403_over_the_wire(server, client):
    response, _ = ask(client, "OPTIONS", "/v2/", Origin="https://evil.com")
    assert response.status == 403
    assert not [name for name in response.headers if name.lower().startswith("access-control")]
    assert ask(client, "GET", "/v2/", Host=f"localhost:{server.port}")[0].status == 200


def test_HEAD_and_204_have_no_body_on_the_wire(server, registry):
    push_manifest(registry, "demo/app")
    answer = raw(
        server,
        head(server, "HEAD /v2/demo/app/manifests/v1 HTTP/1.1"),
        head(server, "HEAD /v2/demo/app/manifests/none HTTP/1.1"),
        head(server, "GET /v2/ HTTP/1.1"),
    )
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]
    assert answer.endswith(b"\r\n\r\n")


def test_the_host_must_be_this_machine_s_own_unless_told_otherwise(registry):
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.com"):
        for port in (99_999, -1):
            with pytest.raises(ValueError, match="port is"):
                registry.serve(port=port)
        with pytest.raises(ValueError, match="exposed=True"):
            registry.serve(host)
    with registry.serve("0.0.0.0", exposed=True) as server, connected(server) as client:
        assert ask(client, "GET", "/v2/", Host="registry.example")[0].status == 200


def test_a_port_that_is_taken_is_an_error_at_once(registry, server):
    with pytest.raises(OSError, match="in use"):
        registry.serve(port=server.port)


def test_closing_stops_at_once_frees_the_port_and_may_be_done_again(registry):
    """F-14."""
    server = registry.serve()
    with connected(server) as client:
        assert ask(client, "GET", "/v2/")[0].status == 200
        started = time.monotonic()
        server.close()
        server.close()
    assert time.monotonic() - started < 2
    assert server.closed
    assert "closed" in repr(server)
    with registry.serve(port=server.port) as again:
        assert again.port == server.port


def test_closing_ends_what_is_under_way(registry):
    """F-14."""
    server = registry.serve()
    with connected(server) as client:
        location = ask(client, "POST", "/v2/demo/app/blobs/uploads/")[0].headers["location"]
    with socket.create_connection(("127.0.0.1", server.port), 10) as stuck:
        stuck.sendall(head(server, f"PATCH {location} HTTP/1.1", "Content-Length: 9999"))
        stuck.sendall(b"and then nothing")
        time.sleep(0.2)
        started = time.monotonic()
        registry.close()
        assert time.monotonic() - started < 2.5
        with contextlib.suppress(ConnectionResetError):
            while stuck.recv(4096):
                pass


def test_no_thread_is_left_behind(registry):
    before = threading.active_count()
    for _ in range(3):
        with (
            registry.serve() as server,
            connected(server) as client,
        ):
            ask(client, "GET", "/v2/")
    assert threading.active_count() == before


def test_a_program_ends_though_nobody_closed_the_server():
    script = "from ocinb.registry.app import LocalRegistry; print(LocalRegistry().serve().url)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout.startswith("http://127.0.0.1:")
    assert done.stderr == ""


def test_the_registry_itself_needs_no_server():
    """Pyodide has no sockets: nothing is imported that would want them."""
    script = (
        "import sys; from ocinb.registry.app import LocalRegistry; LocalRegistry(); "
        "unwanted = {'cheroot', 'werkzeug', 'h11', 'socket', 'ssl', 'IPython', 'pandas'}; "
        "print(sorted(unwanted & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_slow_reader_does_not_stop_the_others(registry, server):
    digest = push_blob(registry, "demo/app", bytes(20_000_000))
    with socket.create_connection(("127.0.0.1", server.port), 10) as lazy:
        lazy.sendall(head(server, f"GET /v2/demo/app/blobs/{digest} HTTP/1.1"))
        with connected(server) as client:
            for _ in range(20):
                assert ask(client, "GET", "/v2/")[0].status == 200


def test_a_reader_that_goes_away_leaves_nothing_to_complain_of(registry, server):
    digest = push_blob(registry, "demo/app", bytes(20_000_000))
    with socket.create_connection(("127.0.0.1", server.port), 10) as gone:
        gone.sendall(head(server, f"GET /v2/demo/app/blobs/{digest} HTTP/1.1"))
        gone.recv(1)
        (connection,) = server._http.connections
    deadline = time.monotonic() + 10
    while not connection.wfile.closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert connection.wfile.closed


def test_a_registry_in_another_thread_serves_many_connections(registry, server):
    push_manifest(registry, "demo/app")
    failures = []

    def work():
        with connected(server) as client:
            for _ in range(20):
                response, body = ask(client, "GET", f"/v2/demo/app/blobs/{NAME}")
                if body != BLOB or response.status != 200:
                    failures.append(response.status)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_closed_registry_has_closed_its_servers():
    with LocalRegistry() as registry:
        server = registry.serve()
    assert server.closed


@pytest.mark.parametrize("size", [10, None])
def test_an_answer_that_does_not_state_its_length_ends_all_the_same(size):
    """Lessons answer so; a client that keeps its connection must not wait for more."""

    class Body(Streamed):
        pass

    Body.size = size

    def handle(_):
        return Response(200, {"Content-Type": "text/plain"}, stream=Body(b"12345", b"67890"))

    with Server(handle, "127.0.0.1", 0) as server, connected(server) as client:
        for _ in range(2):
            response, text = ask(client, "GET", "/v2/")
            assert text == b"1234567890"
            assert response.getheader("content-length") == (str(size) if size else None)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files as Linux does")
def test_G26_thousands_of_requests_leave_no_file_and_no_thread_open(registry):
    """A soak, made short: kept connections, single ones, refusals and clients that go away."""
    push_manifest(registry, "demo/app")
    urls = ["/v2/", f"/v2/demo/app/blobs/{NAME}", "/v2/demo/app/manifests/v1", "/v2/none/tags/list"]
    server = registry.serve()
    port, threads = server.port, threading.active_count()

    def work():
        with connected(server) as client:
            for n in range(400):
                assert ask(client, "GET", urls[n % 4])[0].status in (200, 404)

    for warm in (True, False):
        if not warm:
            files = open_files()
        workers = [threading.Thread(target=work) for _ in range(1 if warm else 6)]
        for worker in workers:
            worker.start()
        for n in range(200):
            with socket.create_connection(("127.0.0.1", port), 10) as client:
                client.sendall(head(server, f"GET {urls[n % 4]} HTTP/1.1", "Connection: close"))
                if n % 3:
                    while client.recv(65536):
                        pass
        for worker in workers:
            worker.join()
        wait_until(lambda: not any(c.socket.fileno() >= 0 for c in list(server._http.connections)))
    assert open_files() <= files
    assert threading.active_count() == threads
    server.close()
    with registry.serve(port=port):
        pass


def wait_until(done, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert done()
