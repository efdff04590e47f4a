"""16 KiB of anything cost no parser more than in proportion to their length (K-15).

Time is measured of this thread alone, at best of several, and against the same parser on a quarter
of the input: what is squared takes sixteen times as long, what is not takes four times.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from ocinb.client.access.credentials import canonical
from ocinb.client.access.realms import by_get, realm_of
from ocinb.client.addresses import split
from ocinb.errors import OcinbError
from ocinb.oci import media_types, strict_json
from ocinb.oci.config import parse_time
from ocinb.oci.digest import Digest
from ocinb.oci.platform import Platform
from ocinb.oci.reference import Reference, canonical_registry, check_repository, check_tag
from ocinb.protocol.fields.challenge import Challenge, challenges
from ocinb.protocol.fields.headers import Headers, length
from ocinb.protocol.fields.links import absolute, next_link
from ocinb.protocol.fields.ranges import parse_range_header
from ocinb.protocol.fields.rate_limit import rate_limit
from ocinb.protocol.fields.waiting import retry_after
from ocinb.protocol.fields.warning import warnings
from ocinb.protocol.messages import Response
from ocinb.protocol.scopes import covers, needed
from ocinb.protocol.uploads.session import UploadSession
from ocinb.text import nearest, redacted_url, visible, without_user
from tests.properties.strange import ODD

HOME = "https://registry.example/v2/"
SIZE = 16 * 1024
UNITS = [
    "a", "a/", "a.", "a-", "-", "_", "__", ":", "@", "a:", "/", "//", "0", "9", "[", "{", '"', "1-",
    '\\"', '{"a":', "[1,", "a=", 'a="', 'a="b",', "A B=", "Basic x==", ",", ";", "=", "<", "<>;",
    "<a>;b=c,", ";rel=", '299 - "', '299 - "a",', "\\", "%2f", "..", "../", "?a=", "&", "#", " ",
    "\t", "\ud83d", "v1.", "linux/", "+a", "(", "bytes=", "w=", ";w=1", "x@y:z@", "http://",
    "https://a@", *ODD[::3],
]  # fmt: skip
EDGES = [("", ""), ("<", ">"), ('Bearer realm="', "x")]


def document(text: str) -> object:
    return strict_json.parse(text.encode("utf-8", "surrogatepass"), "it")


PARSERS: dict[str, Callable[[str], object]] = {
    "reference": Reference.parse,
    "registry": canonical_registry,
    "repository": check_repository,
    "tag": check_tag,
    "digest": Digest,
    "platform": Platform.parse,
    "media type": lambda text: media_types.check(text, "it"),
    "JSON": document,
    "JSON string": lambda text: document(f'["{text}"]'),
    "time": parse_time,
    "challenge": lambda text: challenges([text]),
    "realm": lambda text: by_get(realm_of(Challenge("bearer", {"realm": text}), HOME, text)),
    "link": lambda text: next_link([text]),
    "location": lambda text: absolute(HOME, text),
    "URL": split,
    "scope": lambda text: covers(needed("POST", f"/v2/{text}/blobs/uploads/?from={text}"), text),
    "range": parse_range_header,
    "length": length,
    "wait": lambda text: retry_after(Headers({"Retry-After": text, "Date": text}), 0),
    "warning": lambda text: warnings([text]),
    "rate limit": lambda text: rate_limit(Headers({"RateLimit-Limit": text})),
    "refusal": lambda text: Response(400, body=text.encode("utf-8", "replace")).refusal(),
    "session": UploadSession.from_json,
    "account": canonical,
    "visible": visible,
    "visible lines": lambda text: visible(text, SIZE, lines=True),
    "redacted URL": redacted_url,
    "without user": without_user,
    "nearest": lambda text: nearest(text, [text, text[1:]] * 50),
}


def seconds(parse: Callable[[str], object], text: str, times: int = 5) -> float:
    """What `text` costs at best, whatever else runs here, and whether or not it is refused."""
    found = []
    for _ in range(times):
        started = time.thread_time()
        with suppress(OcinbError, ValueError):
            parse(text)
        found.append(time.thread_time() - started)
    return min(found)


@pytest.mark.parametrize("name", PARSERS)
def test_no_input_takes_longer_than_its_length(name: str):
    """Only what takes a while is looked at more closely: no squared work is done in 100 ms."""
    parse = PARSERS[name]
    for unit in UNITS:
        for before, after in EDGES:
            text = before + unit * (SIZE // len(unit)) + after
            if seconds(parse, text, 1) < 0.1:
                continue
            short = before + unit * (SIZE // 4 // len(unit)) + after
            assert seconds(parse, text) < 8 * seconds(parse, short), (name, before, unit)
