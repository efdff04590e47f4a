"""One conversation with two registries: each step says who sends it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ocinb.errors import NotFound, Unreachable
from ocinb.oci.digest import Digest
from ocinb.protocol.elsewhere import sent_by
from ocinb.protocol.fetch import blob_question, has_blob
from ocinb.protocol.messages import Conversation, Response, Step
from ocinb.protocol.stepper import Stepper

DIGEST = Digest.of(b"x")


def elsewhere(step: Step) -> Response:
    return Response(200)


def test_its_steps_are_marked_and_its_answer_comes_through():
    steps = Stepper(sent_by(elsewhere, has_blob("a", DIGEST)), lambda step: Response(404))
    assert steps.waiting is not None
    assert steps.waiting.sent_by is elsewhere
    steps.step()
    assert steps.result is False


def test_an_error_thrown_into_it_is_heard_there():
    heard: list[BaseException] = []

    def asking() -> Conversation[str]:
        try:
            yield replace(blob_question("a", DIGEST), recovers=True)
        except Unreachable as lost:
            heard.append(lost)
        return "gone on"

    def lose(step: Step) -> Response:
        raise Unreachable("no way")

    assert Stepper(sent_by(elsewhere, asking()), lose).finish() == "gone on"
    assert len(heard) == 1


def test_closing_it_closes_what_is_inside():
    closed: list[bool] = []

    def asking() -> Conversation[None]:
        try:
            yield blob_question("a", DIGEST)
        finally:
            closed.append(True)

    Stepper(sent_by(elsewhere, asking()), elsewhere).close()
    assert closed == [True]


def test_a_refusal_ends_both():
    def asking() -> Conversation[None]:
        (yield blob_question("a", DIGEST)).expect(200)

    steps = Stepper(sent_by(elsewhere, asking()), lambda step: Response(404))
    with pytest.raises(NotFound):
        steps.step()
    assert steps.waiting is None
