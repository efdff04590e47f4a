"""What a traceback may show: with every local variable of ours, as verbose notebooks print it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

import ocinb

OURS = Path(ocinb.__file__).parent
TESTS = Path(__file__).parent.parent


def told(error: BaseException, *, everywhere: bool = False) -> str:
    """Everything `error` and what led to it say, and the variables on the way: of our frames, or of
    those of libraries, too (`everywhere`), but for the tests' own."""
    return "\n".join(line for each in _chain(error) for line in _lines(each, everywhere))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _lines(error: BaseException, everywhere: bool) -> Iterator[str]:
    yield from (str(error), repr(error), *getattr(error, "__notes__", ()))
    for frame, _ in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(OURS) or (everywhere and not file.is_relative_to(TESTS)):
            shown = {name: _shown(value) for name, value in frame.f_locals.items()}
            yield f"{frame.f_code.co_name}: {shown}"


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # what is half made has no repr
        return repr(error)
