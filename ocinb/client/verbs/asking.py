"""Verbs that may be said by somebody else: `auth=`, for one call."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from ocinb.client.access.account import hidden_account
from ocinb.client.verbs.conversing import Conversing

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=Conversing)


def as_somebody(verb: Callable[Concatenate[C, P], R]) -> Callable[Concatenate[C, P], R]:
    """`verb`, said by the repository as it is for `auth=`, which the verb itself need not read.

    What is secret in it is hidden before anything can go wrong.
    """

    @wraps(verb)
    def said(self: C, /, *arguments: P.args, **options: P.kwargs) -> R:
        __tracebackhide__ = True
        options["auth"] = hidden_account(options.get("auth"))  # type: ignore[arg-type]  # checked there
        auth = options.pop("auth")
        return verb(self.as_(auth), *arguments, **options)  # type: ignore[arg-type]  # the same

    return said
