"""How requests, answers, steps and errors look; secrets do not show."""

from __future__ import annotations

import pytest

import ocinb
from ocinb import errors
from ocinb.client.access.credentials import Credentials
from ocinb.client.secret import Secret
from ocinb.display import faces
from ocinb.display.errors import WHOSE
from ocinb.protocol import endpoints
from ocinb.protocol.fields.challenge import Challenge
from ocinb.protocol.messages import Exchange, Request, Response, Step
from ocinb.protocol.ping import Ping
from ocinb.protocol.tags import TagList
from tests.display.reader import read

SECRET = "s3cr3t-canary"


def draw(value: object) -> str:
    """What all faces of a value say."""
    return "\n".join([read(faces.html(value)).all, faces.text(value), str(faces.records(value))])


def step(**request: object) -> Step:
    return Step("Fetch it", Request("GET", "/v2/a/blobs/x", **request), endpoints.GET_BLOB, "Why?")  # type: ignore[arg-type]


def test_a_step_says_what_is_asked_why_and_where_the_spec_says_so():
    page = read(faces.html(step()))
    assert "Why?" in page.text
    assert "GET /v2/a/blobs/x" in page.text
    assert "end-2" in page.text
    assert endpoints.GET_BLOB.link in page.links


def test_a_stepper_draws_what_is_next_and_what_was_taken(school: ocinb.LocalRegistry):
    repository = ocinb.Repository("demo/app", registry=school)
    steps = repository.push_steps(ocinb.sample.app("2.0"), "2.0")
    assert "0 requests sent, one waits" in draw(steps)
    steps.step()
    steps.step(expect=201)
    shown = draw(steps)
    assert "✓ 202 Accepted" in shown
    assert "– 404 Not Found" in shown
    assert [row["as_expected"] for row in faces.records(steps)] == [None, False]
    steps.finish()
    assert "over" in draw(steps)
    assert "<Pushed" in draw(steps)


def test_a_refused_conversation_says_so():
    def talk():
        response = yield step()
        response.expect(200)

    steps = ocinb.Registry("registry.example").converse(talk())
    steps._send = lambda _: Response(403)
    with pytest.raises(errors.Denied):
        steps.step()
    assert "ended by a refusal" in draw(steps)
    assert "✗ 403 Forbidden" in draw(steps)


@pytest.mark.parametrize(("expected", "said"), [(None, ""), (404, "✓ right"), (201, "✗ wrong")])
def test_a_prediction_is_judged(expected: int | None, said: str):
    exchange = Exchange(step(), Response(404), 0.25, expected)
    assert said in draw(exchange)
    assert ("predicted" in draw(exchange).replace("as_expected", "")) is bool(said)


def test_secrets_in_headers_urls_and_bodies_do_not_show():
    token = b'{"token": "%s", "access_token":"%s"}' % (SECRET.encode(), SECRET.encode())
    request = Request(
        "GET", f"https://user:{SECRET}@cdn.example/x?token={SECRET}&digest=sha256:1",
        {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET, "Cookie": SECRET},
        body=b"", )  # fmt: skip
    answer = Response(
        200,
        {
            "content-type": "application/json",
            "Set-Cookie": SECRET,
            "Location": f"/x?state={SECRET}",
        },
        token,
        request=request,
    )
    one = Step("Ask", request, endpoints.PING)
    person = Credentials("somebody", Secret(SECRET), source="argument")
    for value in (request, answer, one, Exchange(one, answer), person):
        assert SECRET not in draw(value), value
    assert "digest=sha256:1" in draw(request)
    assert "(hidden)" in draw(answer)


def test_a_form_is_not_shown_since_passwords_are_sent_in_forms():
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    form = f"refresh_token={SECRET}&password={SECRET}".encode()
    shown = draw(Request("POST", "/token", kind, form)) + draw(Response(400, kind, form))
    assert SECRET not in shown


def test_a_body_that_is_no_text_is_not_shown_as_text():
    answer = Response(200, {"content-type": "application/octet-stream"}, b"\x00\x01binary")
    assert "not text" in draw(answer)
    assert "binary" not in draw(answer)


def test_a_body_from_elsewhere_is_not_read_to_be_drawn():
    class Elsewhere:
        size = 1_000_000

        def __iter__(self):
            raise AssertionError("somebody reads it")

    assert "1,000,000 bytes" in draw(step(body=Elsewhere()))


def test_a_ping_that_is_refused_still_says_that_a_registry_is_there():
    found = Ping(401, "registry/2.0", (Challenge("bearer", {"realm": "https://a.example/t"}),))
    assert "yes, but tell me first who you are" in draw(found)
    assert "realm=https://a.example/t" in draw(found)


def test_many_tags_are_counted_not_listed():
    found = TagList("a", tuple(f"v{n}" for n in range(263)), 3)
    shown = read(faces.html(found)).text
    assert "263 tags, 3 pages, complete" in shown
    assert "… 213 more .to_frame()" in shown
    assert "v49" in shown
    assert "v50" not in shown
    assert len(faces.records(found)) == 263


def test_an_incomplete_list_says_why():
    found = TagList("a", ("x",), 2, False, (), "the pages go round in a circle")
    assert "incomplete" in draw(found)
    assert "The list broke off: the pages go round in a circle" in draw(found)


def test_errors_say_whose_fault_what_was_asked_what_was_said_and_what_to_do():
    error = errors.RateLimited(
        429, "TOOMANYREQUESTS", "slow down", method="GET",
        url=f"https://u:{SECRET}@r.example/v2/?sig={SECRET}", hints=["log in"], retry_after=30.0,
    )  # fmt: skip
    shown = draw(error)
    for said in ("✗ the registry says: too many requests", "GET https://r.example/v2/", "429",
                 "TOOMANYREQUESTS", "slow down", "in 30 seconds", "→ log in"):  # fmt: skip
        assert said in shown
    assert SECRET not in shown


@pytest.mark.parametrize("kind", [errors.OcinbError, *errors.OcinbError.__subclasses__()])
def test_every_error_has_somebody_whose_fault_it_is(kind: type[errors.OcinbError]):
    assert kind in WHOSE or issubclass(kind, errors.RegistryError)


def test_a_truncated_body_says_how_much_came():
    error = errors.TruncatedBody("it ended", received=10, expected=2_000, method="GET", url="/v2/")
    assert "10 of 2,000 bytes" in draw(error)
