"""Asking without minding a no: whatever comes of a probe is something learnt.

A probe is a step whose every outcome goes back into the conversation: answers, refusals, and also
what the sending raises, such as that no token can be had.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeAlias

from ocinb.errors import OcinbError, RegistryError, TransferError
from ocinb.protocol.messages import Conversation, Response, Step, T
from ocinb.text import visible

Answer: TypeAlias = "Response | OcinbError"  # what a probe may hear

_DIGEST = re.compile(r"(sha\d+(?::|%3A)[0-9a-f]{12})[0-9a-f]+", re.ASCII)
_LONGEST = 160  # characters of what somebody said


def surviving(conversation: Conversation[T]) -> Conversation[T]:
    """The same conversation, whose steps are probes: it is told whatever their sending raises."""
    try:
        step = next(conversation)
        while True:
            try:
                response = yield replace(step, probes=True)
            except (RegistryError, TransferError) as error:
                step = conversation.throw(error)
            else:
                step = conversation.send(response)
    except StopIteration as over:
        result: T = over.value
        return result
    finally:
        conversation.close()


def ask(step: Step) -> Conversation[Answer]:
    """What comes of a step: an answer of whatever status, or why there is none."""
    try:
        return (yield replace(step, probes=True))
    except (RegistryError, TransferError) as error:
        return error


def line(step: Step, answer: Answer, more: str = "") -> str:
    """A request and its answer in a few words."""
    if isinstance(answer, Response):
        code = answer.refusal().code if answer.status >= 400 else ""
        said = " ".join(filter(None, (str(answer.status), code)))
    else:
        said = brief(answer)
    return f"{asked(step)} → {said}{f', {more}' if more else ''}"


def asked(step: Step) -> str:
    """What is asked, without the name of the repository; where an upload goes on is nobody's."""
    path, _, query = step.request.url.partition("?")
    there = step.endpoint.pattern.fullmatch(path)
    if "<session>" in step.endpoint.template:
        shown = "blobs/uploads/…"
    else:
        name = there.groupdict().get("name", "") if there else ""
        path = path.removeprefix(f"/v2/{name}/") if name else path
        shown = f"{path}?{query}" if query else path
    shortened = _DIGEST.sub(r"\1…", shown)
    return visible(f"{step.request.method} {shortened}", _LONGEST)


def brief(error: OcinbError) -> str:
    """An error in a few words."""
    if isinstance(error, RegistryError) and error.status is not None:
        said = " ".join(filter(None, (str(error.status), error.code or error.message)))
        return visible(said, _LONGEST)
    return visible(error, _LONGEST)
