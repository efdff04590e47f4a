"""What a traceback may show: with every local variable of ours, as verbose notebooks print it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator


def told(error: BaseException) -> str:
    """Everything `error` and what led to it say, and the variables of our frames on the way."""
    return "\n".join(line for each in _chain(error) for line in _lines(each))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _lines(error: BaseException) -> Iterator[str]:
    yield from (str(error), repr(error), *getattr(error, "__notes__", ()))
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "/ocinb/" in frame.f_code.co_filename.replace("\\", "/"):
            yield f"{frame.f_code.co_name}: {frame.f_locals}"
