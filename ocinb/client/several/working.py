"""Jobs that do not lose each other: what one fails with is kept, not raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from ocinb.errors import Cancelled, OcinbError

T = TypeVar("T")

Trouble: TypeAlias = OcinbError | OSError  # what one image may fail with, and leave the others be


def attempted(job: Callable[[], T]) -> T | Trouble:
    """What `job` returns, or what it failed with; being asked to stop is no failure."""
    try:
        return job()
    except Cancelled:
        raise
    except (OcinbError, OSError) as error:
        return error
