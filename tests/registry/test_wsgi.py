from __future__ import annotations

import io
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from ocinb.oci import media_types
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Response
from ocinb.registry.app import LocalRegistry
from ocinb.registry.wsgi import application, request_from
from tests.registry.asking import BLOB, MANIFEST, NAME, push_blob, push_manifest


def environ(method="GET", path="/v2/", query="", body=b"", **more):
    found = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **more,
    }
    setup_testing_defaults(found)
    return {key: value for key, value in found.items() if value is not None}


def call(registry, method="GET", path="/v2/", query="", body=b"", **more):
    """Ask through WSGI, with a referee on both sides."""
    started = []

    def start_response(status, headers, exc_info=None):
        started.append((int(status.split()[0]), Headers(headers)))
        return lambda _: None

    app = validator(application(registry.handle))
    pieces = app(environ(method, path, query, body, **more), start_response)
    content = b"".join(pieces)
    getattr(pieces, "close", int)()
    ((status, headers),) = started
    return Response(status, headers, content)


@pytest.fixture
def full(registry):
    push_manifest(registry, "demo/app")
    return registry


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/", 200),
        ("GET", "/v2/demo/app/tags/list", 200),
        ("GET", "/v2/demo/app/manifests/v1", 200),
        ("HEAD", "/v2/demo/app/manifests/v1", 200),
        ("GET", f"/v2/demo/app/blobs/{NAME}", 200),
        ("HEAD", f"/v2/demo/app/blobs/{NAME}", 200),
        ("HEAD", "/v2/demo/app/manifests/v2", 404),
        ("GET", "/v2/demo/app/manifests/v2", 404),
        ("POST", "/v2/demo/app/blobs/uploads/", 202),
        ("GET", "/v1/", 404),
        ("OPTIONS", "/v2/", 405),
    ],
)
def test_every_kind_of_answer_is_valid_wsgi(full, method, path, status):
    response = call(full, method, path)
    assert response.status == status
    if method == "HEAD":
        assert response.body == b""
    else:
        assert int(response.headers["content-length"]) == len(response.body)


def test_an_upload_status_has_neither_length_nor_type(full):
    location = call(full, "POST", "/v2/demo/app/blobs/uploads/").headers["location"]
    response = call(full, "GET", location)
    assert (response.status, response.body) == (204, b"")
    assert "content-length" not in response.headers
    assert "content-type" not in response.headers


def test_G23_a_browser_is_told_not_to_run_what_it_is_given(registry):
    digest = push_blob(registry, "demo/app", b"<script>alert(1)</script>")
    response = call(registry, "GET", f"/v2/demo/app/blobs/{digest}")
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert response.headers["content-disposition"] == "attachment"


def test_S20_nothing_is_compressed(full):
    path = f"/v2/demo/app/blobs/{NAME}"
    response = call(full, "GET", path, HTTP_ACCEPT_ENCODING="gzip, br")
    assert response.body == BLOB
    assert "content-encoding" not in response.headers


def test_a_body_of_known_length_is_read_and_no_further(full):
    location = call(full, "POST", "/v2/demo/app/blobs/uploads/").headers["location"]
    source = io.BytesIO(BLOB + b"the next request")
    length = str(len(BLOB))
    query = f"digest={NAME}"
    response = call(full, "PUT", location, query, CONTENT_LENGTH=length, **{"wsgi.input": source})
    assert response.status == 201
    assert source.read() == b"the next request"


def test_a_body_of_unknown_length_is_read_to_its_end(full):
    url = "/v2/demo/app/manifests/v2"
    more = {
        "CONTENT_LENGTH": "",
        "wsgi.input_terminated": True,
        "CONTENT_TYPE": media_types.MANIFEST,
    }
    assert call(full, "PUT", url, body=MANIFEST.raw, **more).status == 201


def test_a_body_that_is_cut_short_is_refused(full):
    location = call(full, "POST", "/v2/demo/app/blobs/uploads/").headers["location"]
    response = call(full, "PATCH", location, body=b"half", CONTENT_LENGTH="8")
    assert response.status == 400
    assert call(full, "GET", location).headers["range"] == "0-3"


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "٣", "9" * 30])
def test_a_length_that_is_none_is_refused(length):
    def start_response(status, headers, exc_info=None):
        assert status == "400 Bad Request"
        return lambda _: None

    found = environ("PUT", CONTENT_LENGTH=length)
    assert b"SIZE_INVALID" in b"".join(application(LocalRegistry().handle)(found, start_response))


def test_the_path_is_taken_as_it_was_sent_where_the_server_says_so():
    sent = "/v2/a%2Fb/tags/list?n=1"
    assert request_from(environ(path="/v2/a/b/tags/list", REQUEST_URI=sent)).url == sent
    assert (
        request_from(environ(path="/v2/a/b/tags/list", query="n=1")).url == "/v2/a/b/tags/list?n=1"
    )
    strange = request_from(environ(path="/v2/\xc3\xa9 b"))
    assert strange.url == "/v2/%C3%A9%20b"


def test_headers_keep_their_values():
    found = environ(HTTP_CONTENT_RANGE="0-9", CONTENT_TYPE="a/b", HTTP_ACCEPT="x")
    headers = request_from(found).headers
    assert headers["content-range"] == "0-9"
    assert headers["content-type"] == "a/b"
    assert headers["content-length"] == "0"


def test_a_large_blob_leaves_in_pieces(tmp_path):
    registry = LocalRegistry(tmp_path)
    digest = push_blob(registry, "demo/app", bytes(3 * 1024 * 1024))
    pieces = application(registry.handle)(
        environ(path=f"/v2/demo/app/blobs/{digest}"), lambda *_: lambda _: None
    )
    assert [len(piece) for piece in pieces] == [1024 * 1024] * 3


def test_requests_in_process_and_over_wsgi_are_answered_alike(full):
    for path in ("/v2/demo/app/tags/list", "/v2/demo/app/manifests/v9", "/v2/x/tags/list"):
        direct = full.handle(Request("GET", path))
        through = call(full, "GET", path)
        assert (through.status, through.body) == (direct.status, direct.body)


def test_a_full_disk_is_told_to_whoever_asked():
    class Full:
        def handle(self, request):
            raise OSError(28, "No space left on device", "/srv/secret")

    response = call(Full())
    assert response.status == 500
    assert b"No space left on device" in response.body
    assert b"secret" not in response.body
