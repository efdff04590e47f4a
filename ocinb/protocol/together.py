"""Conversations that do not need each other: one after the other here, side by side elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeAlias

from ocinb.oci.digest import Digest
from ocinb.protocol.messages import Conversation, T


class Together(Protocol):
    """How a conversation has several others: who moves much at once gives its own way."""

    def __call__(self, conversations: Iterable[Conversation[T]], /) -> Conversation[list[T]]:
        """What each of them returns, in their order; all are over before anything else is said."""


def one_by_one(conversations: Iterable[Conversation[T]], /) -> Conversation[list[T]]:
    """Each from its beginning to its end, in one conversation: so they can be walked."""
    results: list[T] = []
    for conversation in conversations:
        results.append((yield from conversation))  # noqa: PERF401  # no comprehension can
    return results


# What is entered to see to one blob: who has several callers lets one after the other in.
Turn: TypeAlias = Callable[[Digest], AbstractContextManager[object]]


def at_once(digest: Digest) -> AbstractContextManager[object]:
    """The turn of who waits for nobody, as in a walk, which may rest for long in the middle."""
    return nullcontext(digest)
