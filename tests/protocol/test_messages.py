"""Requests and responses; what is read of an answer, and what its refusals mean."""

from __future__ import annotations

import gzip
import json
import time

import pytest

from ocinb.errors import (
    AuthenticationError,
    Denied,
    NotFound,
    RateLimited,
    RegistryError,
    ServerFault,
    UnexpectedAnswer,
)
from ocinb.protocol import endpoints
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import (
    ERROR_BODY_LIMIT,
    PIECE,
    Body,
    Bytes,
    Enough,
    Exchange,
    Request,
    Response,
    Step,
    answered_by,
    received,
)
from ocinb.protocol.sinks import Memory

GET = Request("GET", "/v2/")


def test_a_request_shows_neither_what_its_url_keeps_secret_nor_its_body():
    """K-20: an upload's state, a signature, a form."""
    request = Request("PUT", "https://me:hunter2@r.io/u?_state=hunter2&digest=x", {}, b"hunter2")
    assert repr(request) == "<Request PUT https://r.io/u?_state=…&digest=x>"
    assert repr(request.body) == "<Bytes 7>"
    assert "hunter2" not in repr(Response(200, {}, b"hunter2", request=request))


def test_what_is_shown_of_a_request_is_visible():
    """K-18."""
    assert repr(Request("G\x1bT", "/\u202e")) == "<Request G\\u{1b}T /\\u{202e}>"


def test_a_body_is_sized_and_read_again_and_again():
    body = Bytes(bytes(PIECE + 1))
    assert isinstance(body, Body)
    assert body.size == PIECE + 1
    assert [len(piece) for piece in body] == [PIECE, 1]
    assert b"".join(body) == b"".join(body)
    assert list(Bytes(b"")) == []


def test_a_request_takes_plain_dicts_and_bytes():
    request = Request("PUT", "/x", {"A": "1"}, b"body")
    assert (request.headers, request.body) == (Headers({"A": "1"}), Bytes(b"body"))
    assert GET.body.size == 0
    assert Response(200, {"A": "1"}).headers["a"] == "1"


@pytest.mark.parametrize(
    ("said", "web_page"),
    [
        ("text/html", True), ("TEXT/HTML; charset=utf-8", True), ("application/xhtml+xml", True),
        ("application/json", False), ("text/plain", False), ("", False),
    ],
)  # fmt: skip
def test_a_web_page_is_told_from_an_answer(said, web_page):
    """D-10."""
    assert Response(200, {"Content-Type": said}).is_web_page() is web_page


@pytest.mark.parametrize(
    ("said", "media_type"),
    [("a/B ; charset=utf-8", "a/b"), ("", ""), (";x", ""), ("A/B", "a/b"), (" a/b\t", "a/b")],
)
def test_a_content_type_is_read_without_its_parameters(said, media_type):
    """C2."""
    assert Response(200, {"content-type": said}).media_type() == media_type
    assert Response(200).media_type() == ""


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RegistryError), (401, AuthenticationError), (403, Denied), (404, NotFound),
        (405, RegistryError), (406, RegistryError), (409, RegistryError), (413, RegistryError),
        (416, RegistryError), (418, RegistryError), (429, RateLimited), (500, ServerFault),
        (502, ServerFault), (503, ServerFault), (522, ServerFault), (599, ServerFault),
        (100, UnexpectedAnswer), (200, UnexpectedAnswer), (204, UnexpectedAnswer),
        (302, UnexpectedAnswer), (399, UnexpectedAnswer),
    ],
)  # fmt: skip
def test_each_status_is_one_class_of_error(status, kind):
    error = Response(status, request=GET).refusal()
    assert type(error) is kind
    assert (error.status, error.method, error.url) == (status, "GET", "/v2/")
    with pytest.raises(kind):
        Response(status).expect(201)


def test_an_expected_answer_is_handed_on():
    response = Response(202)
    assert response.expect(201, 202) is response


def said(errors: object) -> RegistryError:
    return Response(400, body=json.dumps({"errors": errors}).encode()).refusal()


def test_a_refusal_speaks_in_the_registrys_own_words():
    """C41: `detail` is any JSON."""
    error = said([{"code": "MANIFEST_INVALID", "message": "no config", "detail": [{"a": 1}]}, {}])
    assert (error.code, error.message) == ("MANIFEST_INVALID", "no config")
    assert str(error).endswith("400 MANIFEST_INVALID: no config")


@pytest.mark.parametrize(
    ("errors", "code", "message"),
    [
        ([{"code": "X"}], "X", ""),
        ([{"message": "m"}], "", "m"),
        ([{"code": None, "message": None}], "", ""),
        ([{"code": 5, "message": 6}], "", "6"),
        ([{"code": "<script>", "message": "m"}], "", "m"),
        ([{"code": "A" * 65, "message": "m"}], "", "m"),
        ([{"code": "X", "message": {"a": 1}}], "X", "{'a': 1}"),
    ],
)
def test_odd_errors_are_read_as_far_as_they_go(errors, code, message):
    """C41, §1.4: an unknown code is kept when it looks like one."""
    error = said(errors)
    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b'"errors"', b"5", b"null", b'{"errors":null}', b'{"errors":[]}',
        b'{"errors":{"0":{}}}', b'{"errors":"x"}', b'{"errors":[[]]}', b'{"errors":["x"]}',
        b'{"errors":[{"code":"A","code":"B"}]}', b"[" * 100_000, b"\xff\xfe", b'{"errors":[NaN]}',
    ],
)  # fmt: skip
def test_any_body_will_do_for_a_refusal_and_its_beginning_is_shown(body):
    """C41."""
    error = Response(400, body=body).refusal()
    assert error.code == ""
    assert len(error.message) <= 130


def test_a_page_of_a_proxy_is_shown_cut_and_made_visible():
    """Q-4, K-18; case 17."""
    page = b"<html>\x1b[2J\xe2\x80\xae blocked" + b"x" * 10_000
    error = Response(503, body=page).refusal()
    assert "<html>\\u{1b}[2J\\u{202e} blocked" in str(error)
    assert len(str(error)) < 300


@pytest.mark.parametrize(
    ("said", "seconds"), [("120", 120.0), ("0", 0.0), ("", None), ("-1", None), ("soon", None)]
)
def test_a_rate_limit_says_how_long_to_wait(said, seconds):
    """C43."""
    error = Response(429, {"Retry-After": said}).refusal()
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


def test_a_rate_limit_with_a_date_is_counted_from_when_it_was_answered():
    """Q-2."""
    headers = {
        "Date": "Tue, 15 Nov 1994 08:12:31 GMT",
        "Retry-After": "Tue, 15 Nov 1994 08:13:31 GMT",
    }
    error = Response(429, headers).refusal()
    assert isinstance(error, RateLimited)
    assert error.retry_after == 60


@pytest.mark.parametrize(
    "said",
    [{"X-Retry-After": "784887151"}, {"Retry-After": "Tue, 15 Nov 1994 08:12:31 GMT"}],
    ids=["unix", "date"],
)
def test_without_a_date_of_the_answer_it_is_counted_from_now(said, monkeypatch):
    """Q-2."""
    monkeypatch.setattr(time, "time", lambda: 784_887_121.0)
    error = Response(429, said).refusal()
    assert isinstance(error, RateLimited)
    assert error.retry_after == 30


def test_what_is_wrong_with_a_good_status_is_said():
    error = Response(200, request=GET).unexpected("it lies")
    assert (type(error), error.status, error.method) == (UnexpectedAnswer, 200, "GET")
    assert "it lies" in str(error)


class Endless:
    """A body that never ends, and counts what was read of it."""

    size = None

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self):
        while True:
            self.read += 1024
            yield b"x" * 1024


def test_a_wanted_answer_is_kept_up_to_its_limit_and_refused_beyond():
    """K-7."""
    assert received(Request("GET", "/", limit=3), Response(200, body=b"123")).body == b"123"
    with pytest.raises(UnexpectedAnswer, match="longer than 3 bytes"):
        received(Request("GET", "/", limit=3), Response(200, body=b"1234"))
    body = Endless()
    with pytest.raises(UnexpectedAnswer, match="longer than 10,000 bytes"):
        received(Request("GET", "/", limit=10_000), Response(200, stream=body))
    assert body.read <= 11 * 1024


def test_of_a_refusal_64_kib_are_read_and_the_rest_is_left():
    """K-7; case 17."""
    body = Endless()
    response = received(Request("GET", "/", limit=3), Response(500, stream=body))
    assert len(response.body) == ERROR_BODY_LIMIT
    assert body.read <= ERROR_BODY_LIMIT + 1024


def test_a_wanted_body_goes_to_its_sink_and_a_refusal_into_memory():
    sink = Memory(100)
    request = Request("GET", "/", sink=sink, limit=0)
    response = received(request, Response(206, stream=Bytes(b"content")))
    assert (response.body, response.stream, sink.content) == (b"", None, b"content")
    assert response.request is request
    response = received(request, Response(404, body=b"no"))
    assert (response.body, sink.content) == (b"no", b"content")
    received(request, Response(200, body=b"again"))
    assert sink.content == b"again"


class Fussy(Memory):
    """Wants nothing but answers of one status, and no more than two bytes."""

    def __init__(self, status: int) -> None:
        super().__init__(1_000_000)
        self.status = status

    def accepts(self, head: Response) -> bool:
        return head.status == self.status

    def write(self, piece: bytes | memoryview) -> None:
        if len(self.content) >= 2:
            raise Enough
        super().write(piece)


def test_a_sink_may_look_at_the_head_before_a_byte_is_read():
    """It is not told to start again, then, and of what it does not want nothing is read."""
    sink, body = Fussy(206), Endless()
    sink.write(b"x")
    response = received(Request("GET", "/", sink=sink), Response(200, stream=body))
    assert (response.status, response.body, body.read, sink.content) == (200, b"", 0, b"x")
    received(Request("GET", "/", sink=sink), Response(206, body=b"y"))
    assert sink.content == b"xy"


def test_a_sink_that_has_enough_ends_the_reading_and_the_answer_counts():
    sink, body = Fussy(200), Endless()
    response = received(Request("GET", "/", sink=sink), Response(200, stream=body))
    assert (response.status, response.body) == (200, b"")
    assert 0 < body.read < 100_000


def test_D3_a_refusal_that_comes_encoded_is_understood():
    said = json.dumps({"errors": [{"code": "DENIED", "message": "no"}]}).encode()
    answer = Response(403, {"Content-Encoding": "gzip"}, gzip.compress(said))
    assert (answer.refusal().code, answer.refusal().message) == ("DENIED", "no")
    bomb = Response(403, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000)))
    assert bomb.refusal().code == ""


def test_the_answer_to_head_has_no_body_and_none_is_read():
    body = Endless()
    response = received(Request("HEAD", "/"), Response(200, stream=body))
    assert (response.body, response.stream, body.read) == (b"", None, 0)


def test_something_in_this_process_may_answer():
    send = answered_by(lambda request: Response(200, body=request.url.encode()))
    response = send(Step("title", GET, endpoints.PING))
    assert (response.body, response.request) == (b"/v2/", GET)


def test_steps_and_exchanges_are_told_in_one_line():
    step = Step("Is this a registry?", GET, endpoints.PING)
    assert repr(step) == "<Step end-1 Is this a registry?>"
    assert repr(Exchange(step, Response(401))) == "<Exchange end-1 Is this a registry? → 401>"


@pytest.mark.parametrize(("expected", "verdict"), [(None, None), (200, False), (401, True)])
def test_a_prediction_is_compared_with_what_came(expected, verdict):
    step = Step("title", GET, endpoints.PING)
    assert Exchange(step, Response(401), expected=expected).as_expected is verdict
