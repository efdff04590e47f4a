"""A probe goes on whatever it hears, also when nothing could be sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ocinb.errors import AuthenticationError, Cancelled, Denied, TransferError
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.probes.probe import ask, asked, brief, line, surviving
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import answers, run

PING = Step("Is this a registry?", Request("GET", "/v2/"), endpoints.PING, why="To see.")
NO_TOKEN = AuthenticationError(401, "", "no token")
LOST = TransferError("lost")


def twice() -> Conversation[list[int]]:
    return [(yield PING).status, (yield PING).status]


def caught() -> Conversation[str]:
    try:
        yield PING
    except (AuthenticationError, TransferError) as error:
        again = replace(PING, title="And now?")
        return str((yield again).status) + type(error).__name__
    return ""


def test_every_step_of_a_surviving_conversation_is_a_probe():
    stepper = Stepper(surviving(twice()), answers(("GET /v2/", 200), ("GET /v2/", 404)))
    assert stepper.finish() == [200, 404]
    assert all(each.step.probes for each in stepper.taken)


@pytest.mark.parametrize("error", [NO_TOKEN, LOST])
def test_it_hears_what_the_sending_raises(error):
    found = run(surviving(caught()), ("GET /v2/", error), ("GET /v2/", 200))
    assert found == f"200{type(error).__name__}"


def test_a_conversation_that_does_not_survive_ends_in_that_error():
    with pytest.raises(AuthenticationError):
        run(surviving(twice()), ("GET /v2/", NO_TOKEN))


def test_what_somebody_stopped_stays_stopped():
    stepper = Stepper(ask(PING), answers(("GET /v2/", Cancelled("stop"))))
    with pytest.raises(Cancelled):
        stepper.finish()
    assert stepper.waiting


def test_a_step_that_is_no_probe_waits_when_there_is_no_token():
    stepper = Stepper(
        twice(), answers(("GET /v2/", NO_TOKEN), ("GET /v2/", 200), ("GET /v2/", 200))
    )
    with pytest.raises(AuthenticationError):
        stepper.finish()
    assert stepper.finish() == [200, 200]


def test_who_walks_is_told_and_the_next_question_waits():
    def both() -> Conversation[int]:
        heard = yield from ask(PING)
        assert heard is NO_TOKEN
        return (yield PING).status

    stepper = Stepper(both(), answers(("GET /v2/", NO_TOKEN), ("GET /v2/", 200)))
    with pytest.raises(AuthenticationError):
        stepper.step()
    assert stepper.step().response.status == 200
    assert stepper.result == 200


def test_what_was_asked_and_heard_fits_into_a_line():
    digest = f"sha256:{'ab' * 32}"
    url = endpoints.GET_MANIFEST.path({"x": digest}, name="a/b", reference=digest)
    step = Step("", Request("GET", url), endpoints.GET_MANIFEST)
    assert asked(step) == f"GET manifests/{digest[:19]}…?x={digest[:19]}…"
    assert line(step, Response(200), "fine") == f"{asked(step)} → 200, fine"
    assert line(step, Denied(403, "DENIED", "no")) == f"{asked(step)} → 403 DENIED"
    assert brief(Denied(403, "", "no\u202eway")) == "403 no\\u{202e}way"
    assert len(brief(TransferError("x" * 1_000))) < 220
    session = Step("", Request("PATCH", "https://r/v2/a/secret?s=1"), endpoints.SEND_CHUNK)
    assert asked(session) == "PATCH blobs/uploads/…"
