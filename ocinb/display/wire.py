"""How the wire looks: requests, answers, steps, exchanges and conversations."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from ocinb.display import frames
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, counted, dim
from ocinb.display.view import Block, Cell, Code, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.protocol.endpoints import Endpoint
from ocinb.protocol.fields.headers import Headers, shown_headers
from ocinb.protocol.messages import Bytes, Exchange, Request, Response, Step
from ocinb.protocol.stepper import Stepper
from ocinb.text import redacted_url

_BODY = 16_000  # bytes of a body that are looked at
_TEXTUAL = ("json", "text/", "xml")  # forms are not shown: secrets are sent in them
# Tokens travel in answers that nobody draws on purpose; if somebody does, they stay hidden.
_SECRET = re.compile(
    r'("(?:access_|refresh_|identity_|id_)?(?:token|password|secret)"\s*:\s*)"(?:[^"\\]|\\.)*"?',
    re.IGNORECASE,
)


def status_word(status: int) -> Word:
    """A status with its name, and whether it means yes."""
    names = {each.value: each.phrase for each in HTTPStatus}
    fine = status < 400
    said = f"{'✓' if fine else '✗'} {status} {names.get(status, 'unheard of')}"
    return Word(said, tone="good" if fine else "bad")


def request_line(request: Request) -> Word:
    """Method and URL, without secrets."""
    return code(f"{request.method} {redacted_url(request.url)}")


def endpoint_cell(endpoint: Endpoint) -> tuple[Cell, ...]:
    """A row of the spec's table, linked to where the spec speaks of it."""
    return (endpoint_word(endpoint), dim(endpoint.purpose))


def endpoint_word(endpoint: Endpoint) -> Word:
    """The name of an endpoint in the spec, linked to it."""
    return Word(endpoint.id, title=endpoint.purpose, link=endpoint.link, kind="line")


@view.register
def _request(value: Request) -> View:
    blocks = (*_headers(value.headers, "Headers"), *_sent(value, "Body"))
    return View("Request", request_line(value), "", blocks)


@view.register
def _response(value: Response) -> View:
    asked: Block = Facts([("asked", request_line(value.request) if value.request else "")])
    blocks = (asked, *_headers(value.headers, "Headers"), *_came(value, "Body"))
    return View("Response", status_word(value.status), "", blocks)


@view.register
def _step(value: Step) -> View:
    request = value.request
    facts = Facts([("request", request_line(request)), ("spec", endpoint_cell(value.endpoint))])
    folds = (*_headers(request.headers, "Headers"), *_sent(request, "Body"))
    return View("Step", Word(value.title), "", (*_why(value), facts, *folds))


@view.register
def _exchange(value: Exchange) -> View:
    request, response = value.step.request, value.response
    facts = Facts(
        [
            ("request", request_line(request)),
            ("answer", (_status_of(value), dim(f"in {value.seconds * 1000:,.0f} ms"))),
            ("predicted", _predicted(value)),
            ("spec", endpoint_cell(value.step.endpoint)),
        ]
    )
    folds = (
        *_headers(request.headers, "Request headers"),
        *_sent(request, "Request body"),
        *_headers(response.headers, "Answer headers"),
        *_came(response, "Answer body"),
    )
    return View("Exchange", Word(value.step.title), "", (*_why(value.step), facts, *folds))


@view.register(Stepper)
def _stepper(value: Stepper[Any]) -> View:
    columns = ("spec", "step", "request", "answer", "ms")
    taken = (Table(columns, value.taken, _taken, right=("ms",)),) if value.taken else ()
    state = f"· {counted(len(value.taken), 'request')} sent, {_state(value)}"
    return View("Conversation", "", dim(state), (*taken, *_ahead(value)))


@rows.register
def _request_rows(value: Request) -> Rows:
    attrs = {"method": value.method, "url": redacted_url(value.url)}
    return Rows(frames.HEADER, _header_rows(value.headers), attrs)


@rows.register
def _response_rows(value: Response) -> Rows:
    return Rows(frames.HEADER, _header_rows(value.headers), {"status": value.status})


@rows.register
def _step_rows(value: Step) -> Rows:
    return Rows(frames.EXCHANGE, [_step_row(value)])


@rows.register
def _exchange_rows(value: Exchange) -> Rows:
    return Rows(frames.EXCHANGE, [_exchange_row(value)])


@rows.register(Stepper)
def _stepper_rows(value: Stepper[Any]) -> Rows:
    return Rows(frames.EXCHANGE, map(_exchange_row, value.taken))


def _step_row(step: Step) -> dict[str, Any]:
    return {
        "endpoint": step.endpoint.id,
        "title": step.title,
        "method": step.request.method,
        "url": redacted_url(step.request.url),
        "sent_bytes": step.request.body.size,
    }


def _exchange_row(exchange: Exchange) -> dict[str, Any]:
    return {
        **_step_row(exchange.step),
        "status": exchange.response.status,
        "seconds": exchange.seconds,
        "expected": exchange.expected,
        "as_expected": exchange.as_expected,
        "received_bytes": exchange.response.headers.content_length(),
    }


def _header_rows(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in shown_headers(headers).pairs()]


def _why(step: Step) -> tuple[Say, ...]:
    return (Say(Word(step.why)),) if step.why else ()


def _status_of(exchange: Exchange) -> Word:
    """A status as the one who asked sees it: a question may well be answered by no."""
    word, status = status_word(exchange.response.status), exchange.response.status
    if exchange.step.request.method == "HEAD" and status == HTTPStatus.NOT_FOUND:
        return dim(f"– {word.text[2:]}", "a question, answered by no")
    return word


def _predicted(exchange: Exchange) -> Cell:
    if exchange.expected is None:
        return ""
    right = Word("✓ right", tone="good") if exchange.as_expected else Word("✗ wrong", tone="bad")
    return (code(str(exchange.expected)), right)


def _taken(exchange: Exchange) -> Row:
    step = exchange.step
    line = request_line(step.request)
    return Row(
        (
            endpoint_word(step.endpoint),
            Word(step.title, title=step.why),
            Word(line.text, title=line.text, kind="line"),
            _status_of(exchange),
            f"{exchange.seconds * 1000:,.0f}",
        )
    )


def _state(stepper: Stepper[Any]) -> str:
    if stepper.waiting is not None:
        return "one waits"
    return "over" if hasattr(stepper, "result") else "ended by a refusal"


def _ahead(stepper: Stepper[Any]) -> tuple[Block, ...]:
    """What comes next, or what it came to."""
    if stepper.waiting is not None:
        heading = (Word("Next:", tone="strong"), Word(stepper.waiting.title))
        how = (code(".step()"), "sends it,", code(".finish()"), "all that is left.")
        return (Fold(heading, _step(stepper.waiting).blocks, open=True), Say(how))
    if hasattr(stepper, "result"):
        return (Facts([("result", code(repr(stepper.result)))]),)
    return ()


def _headers(headers: Headers, name: str) -> tuple[Fold, ...]:
    pairs = shown_headers(headers).pairs()
    if not pairs:
        return ()
    return (Fold((name, dim(f"({len(pairs)})")), (Table(("name", "value"), pairs, _header),)),)


def _header(pair: tuple[str, str]) -> Row:
    return Row((code(pair[0]), code(pair[1])))


def _sent(request: Request, name: str) -> tuple[Fold, ...]:
    """What a request carries; content that is read from elsewhere is not read for this."""
    body = request.body
    if isinstance(body, Bytes):
        return _body(name, body.content, request.headers.get("content-type", ""))
    count = "size unknown" if body.size is None else f"{body.size:,} bytes"
    return (Fold((name, dim(f"({count})")), (Say(dim("read as it is sent")),)),)


def _came(response: Response, name: str) -> tuple[Fold, ...]:
    return _body(name, response.body, response.media_type())


def _body(name: str, content: bytes, media_type: str) -> tuple[Fold, ...]:
    if not content:
        return ()
    shown: Block = Say(dim("not text"))
    if any(part in media_type for part in _TEXTUAL):
        text = content[:_BODY].decode("utf-8", "replace")
        shown = Code(_SECRET.sub(r'\1"(hidden)"', text))
    return (Fold((name, dim(f"({len(content):,} bytes)")), (shown,)),)
