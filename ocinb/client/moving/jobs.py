"""Work that is no conversation of its own, side by side as conversations are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ocinb.client.moving.crew import Crew
from ocinb.protocol.messages import Conversation, Response, Step
from ocinb.protocol.stepper import Stepper

T = TypeVar("T")


def side_by_side(jobs: Iterable[Callable[[], T]], size: int) -> list[T]:
    """What each of them returns, in their order, `size` of them at a time.

    What happens is told in this thread. The first error, or an interrupt, stops all of them.
    """
    crew = Crew(size, lambda conversation: Stepper(conversation, _send_nothing))
    return _finished(crew.together(_job(each) for each in jobs))


def _job(job: Callable[[], T]) -> Conversation[T]:
    """`job` as a conversation without any step of its own."""
    yield from ()
    return job()


def _finished(conversation: Conversation[list[T]]) -> list[T]:
    try:
        next(conversation)
    except StopIteration as over:
        found: list[T] = over.value
        return found
    raise AssertionError("a job has no steps of its own")


def _send_nothing(step: Step) -> Response:
    raise AssertionError("a job has no steps of its own")
