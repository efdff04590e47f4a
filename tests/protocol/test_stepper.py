"""A conversation, one step at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ocinb.errors import NotFound, TransferError, Unreachable
from ocinb.protocol import endpoints
from ocinb.protocol import stepper as carrying
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Response, Step
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import answers


def step(title: str) -> Step:
    return Step(title, Request("GET", endpoints.PING.path()), endpoints.PING, why="to see")


def two_steps():
    first = (yield step("first")).expect(200)
    second = (yield step("second")).expect(200)
    return first.status + second.status


def test_nothing_is_sent_before_it_is_asked_for():
    send = answers()
    stepper = Stepper(two_steps(), send)
    assert stepper.waiting == step("first")
    assert (stepper.taken, send.asked) == ([], [])
    assert not hasattr(stepper, "result")
    with pytest.raises(AttributeError, match=r"no result yet: .finish\(\) sends what is left"):
        _ = stepper.result
    assert repr(stepper) == "<Stepper 0 taken, next: first>"


def test_one_step_is_one_request():
    ticks = iter([10.0, 10.5, 20.0, 22.0])
    send = answers(("GET /v2/", 200), ("GET /v2/", 200))
    stepper = Stepper(two_steps(), send, clock=lambda: next(ticks))
    exchange = stepper.step()
    assert (exchange.step.title, exchange.response.status, exchange.seconds) == ("first", 200, 0.5)
    assert repr(stepper) == "<Stepper 1 taken, next: second>"
    assert stepper.step().seconds == 2.0
    assert (stepper.result, stepper.finish()) == (400, 400)
    assert [each.step.title for each in stepper.taken] == ["first", "second"]
    assert repr(stepper) == "<Stepper 2 taken, over>"


def test_the_rest_can_be_finished_at_any_point():
    stepper = Stepper(two_steps(), answers(("GET /v2/", 200), ("GET /v2/", 200)))
    stepper.step()
    assert stepper.finish() == 400


def test_what_is_given_up_lets_go_of_what_it_holds():
    let_go = []

    def holding():
        try:
            yield from two_steps()
        finally:
            let_go.append(True)

    stepper = Stepper(holding(), answers(("GET /v2/", 200)))
    stepper.step()
    stepper.close()
    stepper.close()
    assert (let_go, stepper.waiting, len(stepper.taken)) == ([True], None, 1)
    with pytest.raises(RuntimeError, match="over"):
        stepper.step()


def test_a_step_that_could_not_be_sent_waits_and_may_be_tried_again():
    send = answers(
        ("GET /v2/", Unreachable("offline")),
        ("GET /v2/", KeyError("a bug of ours")),
        ("GET /v2/", 200),
        ("GET /v2/", 200),
    )
    stepper = Stepper(two_steps(), send)
    for kind in (Unreachable, KeyError):
        with pytest.raises(kind):
            stepper.step()
        assert stepper.waiting == step("first")
        assert stepper.taken == []
    assert stepper.finish() == 400


def recovering(otherwise: str = ""):
    """One that goes on when its first answer is lost, unless there is nothing to go on with."""
    try:
        yield replace(step("first"), recovers=True)
    except TransferError:
        if otherwise == "raise":
            raise
        if otherwise == "return":
            return "well"
    return (yield step("second")).status


LOST = ("GET /v2/", Unreachable("lost"))


def test_a_conversation_that_recovers_is_told_of_what_was_lost_and_goes_on():
    assert Stepper(recovering(), answers(LOST, ("GET /v2/", 200))).finish() == 200
    assert Stepper(recovering("return"), answers(LOST)).finish() == "well"


def test_and_so_is_who_walks_it():
    stepper = Stepper(recovering(), answers(LOST, ("GET /v2/", 200)))
    with pytest.raises(Unreachable):
        stepper.step()
    assert (stepper.waiting, stepper.taken) == (step("second"), [])
    assert stepper.finish() == 200


def test_a_loss_that_is_too_much_for_it_is_the_end():
    stepper = Stepper(recovering("raise"), answers(LOST))
    with pytest.raises(Unreachable):
        stepper.finish()
    assert stepper.waiting is None
    with pytest.raises(RuntimeError, match="ended with a refusal"):
        stepper.finish()


def test_what_is_no_loss_on_the_way_is_not_told_to_it():
    stepper = Stepper(recovering(), answers(("GET /v2/", KeyError("a bug of ours"))))
    with pytest.raises(KeyError):
        stepper.finish()
    assert stepper.waiting is not None
    assert stepper.waiting.title == "first"


def test_a_stop_iteration_from_sending_is_not_the_end_of_the_conversation():
    stepper = Stepper(two_steps(), answers(("GET /v2/", StopIteration(5)), ("GET /v2/", 200)))
    with pytest.raises(StopIteration):
        stepper.step()
    assert stepper.waiting == step("first")
    stepper.step()
    assert stepper.waiting == step("second")


def test_a_refusal_ends_the_conversation_and_is_kept_last():
    stepper = Stepper(two_steps(), answers(("GET /v2/", 200), ("GET /v2/", 404)))
    with pytest.raises(NotFound):
        stepper.finish()
    assert stepper.waiting is None
    assert [each.response.status for each in stepper.taken] == [200, 404]
    assert not hasattr(stepper, "result")
    with pytest.raises(RuntimeError, match="no step left"):
        stepper.step()
    with pytest.raises(RuntimeError, match="ended with a refusal"):
        stepper.finish()


def test_a_request_may_be_edited_to_break_it_on_purpose():
    send = answers(("GET /v2/", 200), ("GET /v2/", 200))
    stepper = Stepper(two_steps(), send)
    exchange = stepper.step(lambda request: replace(request, headers=Headers({"X": "1"})))
    stepper.finish()
    assert [request.headers.get("x") for request in send.asked] == ["1", None]
    assert exchange.step.request is send.asked[0]
    assert exchange.step.title == "first"


def test_an_edit_that_fails_leaves_the_step_waiting():
    stepper = Stepper(two_steps(), answers())
    with pytest.raises(ZeroDivisionError):
        stepper.step(lambda request: 1 // 0)  # type: ignore[arg-type,return-value]  # broken
    assert stepper.waiting == step("first")


def test_a_prediction_is_kept_on_the_exchange():
    stepper = Stepper(two_steps(), answers(("GET /v2/", 200), ("GET /v2/", 200)))
    assert stepper.step(expect=401).as_expected is False
    assert stepper.step(expect=200).as_expected is True


def test_a_conversation_may_have_no_steps_at_all():
    def silent():
        return 5
        yield step("never")  # type: ignore[unreachable]  # what makes it a generator

    stepper = Stepper(silent(), answers())
    assert (stepper.waiting, stepper.result, stepper.finish()) == (None, 5, 5)
    with pytest.raises(RuntimeError, match="no step left"):
        stepper.step()


def test_a_conversation_that_cannot_begin_says_so_at_once():
    def impossible():
        raise NotFound(404)
        yield step("never")  # type: ignore[unreachable]  # what makes it a generator

    with pytest.raises(NotFound):
        Stepper(impossible(), answers())


def test_conversations_are_made_of_conversations():
    def both():
        return (yield from two_steps()), (yield from two_steps())

    stepper = Stepper(both(), answers(*[("GET /v2/", Response(200))] * 4))
    assert stepper.finish() == (400, 400)
    assert len(stepper.taken) == 4


def test_K26_of_what_was_heard_the_newest_is_kept_and_memory_does_not_grow(monkeypatch):
    monkeypatch.setattr(carrying, "MOST_KEPT", 10)

    def many():
        for number in range(4):
            yield step(str(number))

    bodies = iter([b"1234", b"5678", b"9", b"abcdef"])
    stepper = Stepper(many(), lambda _: Response(200, body=next(bodies)))
    heard = [stepper.step().response.body for _ in range(4)]
    assert heard == [b"1234", b"5678", b"9", b"abcdef"]
    assert [each.response.body for each in stepper.taken] == [b"", b"", b"9", b"abcdef"]
