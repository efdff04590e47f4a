"""Headers and URLs from the wire: every one is a value or nothing, and what is written is read."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime

from hypothesis import strategies as st

from ocinb.client.access.auth import asks_for_more
from ocinb.client.access.realms import by_get, realm_of
from ocinb.client.addresses import split, upgraded
from ocinb.client.notices import Notices
from ocinb.errors import AuthenticationError, InvalidReference, RegistryError, UnexpectedAnswer
from ocinb.protocol.fields.challenge import Challenge, challenges, preferred
from ocinb.protocol.fields.claims import claimed_digest
from ocinb.protocol.fields.headers import Headers, length, shown_headers
from ocinb.protocol.fields.links import absolute, next_link, resolved
from ocinb.protocol.fields.ranges import format_content_range, parse_range_header
from ocinb.protocol.fields.rate_limit import RateLimit, rate_limit
from ocinb.protocol.fields.waiting import retry_after
from ocinb.protocol.fields.warning import HEADER_LIMIT, warnings
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.scopes import covers, needed
from ocinb.protocol.uploads.session import UploadSession
from ocinb.text import visible
from tests.display.reader import is_harmless
from tests.properties.strange import ANY_TEXT, for_all, made_of

HOME = "https://registry.example"
tokens = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}", fullmatch=True)
quotable = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"))


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# Challenges


@st.composite
def offers(draw):
    scheme = draw(tokens).lower()
    names = st.dictionaries(tokens.map(str.lower), quotable, min_size=1, max_size=4)
    return Challenge(scheme, draw(names))


@for_all(st.lists(offers(), min_size=1, max_size=3), st.booleans())
def test_challenges_are_read_as_they_are_written(offered, apart):
    said = [
        f"{each.scheme} " + ", ".join(f"{n}={quoted(v)}" for n, v in each.parameters.items())
        for each in offered
    ]
    assert challenges(said if apart else [", ".join(said)]) == tuple(offered)


challenging = made_of(
    "Bearer ", "Basic ", "Negotiate abc==", "realm", "=", '"', "https://auth.example/t", ",", " ",
    'scope="repository:a:pull"', "service=s", 'error="insufficient_scope"', "\\", "\t",
)  # fmt: skip


@for_all(st.lists(challenging, max_size=3), examples=120)
def test_any_header_is_challenges_or_none(headers):
    found = challenges(headers)
    chosen = preferred(found)
    assert chosen is None or chosen.scheme in ("bearer", "basic")
    assert all(each.scheme == each.scheme.lower() != "" for each in found)
    assert all(is_harmless(repr(each)) for each in found)
    assert sum(len(v) for each in found for v in each.parameters.values()) <= sum(map(len, headers))
    asks_for_more(Response(401, [("WWW-Authenticate", header) for header in headers]), None)


@for_all(challenging, st.sampled_from(["", "repository:a:pull", "repository:a:pull x:b:c"]))
def test_any_challenge_leads_to_a_realm_that_can_be_asked_or_to_its_one_error(said, scope):
    for challenge in challenges([f"Bearer realm={quoted(said)}", said]):
        with suppress(AuthenticationError):
            realm = realm_of(challenge, f"{HOME}/v2/", scope)
            asked = by_get(realm)
            assert split(asked.url)[0] == realm.origin  # what is added stays behind the host


# Links and locations


addresses = made_of(
    "http", "https", "://", "/", "//", "registry.example", ":443", ":", "@", "[::1]", "?", "#",
    "..", "v2", "%2F", "&", "=", "\\", " ", "x", "_state=a%2fb",
)  # fmt: skip


@for_all(addresses, st.sampled_from(["next", "NEXT", "prev next"]))
def test_the_next_page_is_read_as_it_is_written(target, relation):
    if ">" in target:
        return
    header = f'<{target}>; rel="{relation}"'
    assert next_link([header]) == target.strip()
    assert next_link([f'<other>; rel="prev"; title="a, <b>", {header}']) == target.strip()


@for_all(
    st.lists(made_of("<", ">", ";", "rel", "=", '"', "next", ",", " ", "/v2/", "\\"), max_size=3)
)
def test_any_link_header_is_a_target_or_nothing(headers):
    target = next_link(headers)
    assert ">" not in target
    assert not target or any(target in header for header in headers)


@for_all(addresses, examples=150)
def test_any_location_is_an_absolute_url_or_refused(location):
    base = f"{HOME}/v2/a/blobs/uploads/"
    try:
        target = absolute(base, location)
    except ValueError:
        target = ""
    response = Response(202, {"Location": location}, request=Request("POST", base))
    with suppress(UnexpectedAnswer):
        assert resolved(response, location) == target
        session = UploadSession.opened(response)
        assert session.after(response).location == target
    with suppress(InvalidReference):
        origin, path = split(target)
        assert path.startswith("/")
        assert target.isascii()
        again, same = split(f"{origin}{path}")
        assert (again, same) == (origin, path)
        assert split(upgraded(target, split(HOME)[0]))[1] == path


@for_all(st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE"]), addresses, addresses)
def test_any_request_needs_a_scope_that_covers_itself(method, path, query):
    try:
        scope = needed(method, f"/v2/{path}?{query}")
    except ValueError:
        return
    assert covers(scope, scope)
    assert not scope or not covers("", scope)


# Ranges, lengths, waits


@for_all(st.integers(0, 10**17), st.integers(0, 10**17))
def test_a_range_is_read_as_it_is_written(start, more):
    said = format_content_range(start, start + more)
    assert parse_range_header(said) == start + more + 1
    assert parse_range_header(f"bytes {said}/*") == start + more + 1


numbers = made_of("0", "1", "9" * 18, "-", "bytes", "=", " ", "/", "*", "٣", "+", "_", "e9", ".")


@for_all(numbers, examples=120)
def test_any_number_in_a_header_is_one_or_none(text):
    count, size = parse_range_header(text), length(text)
    assert count is None or count >= 0
    assert size is None or 0 <= size < 10**19
    for wish in ({"Retry-After": text}, {"X-Retry-After": text}, {"Retry-After": "", "Date": text}):
        seconds = retry_after(Headers(wish), 0.0)
        assert seconds is None or 0 <= seconds <= 10**12


@for_all(st.integers(0, 253_402_300_799), st.integers(0, 10**6))
def test_a_date_is_waited_for_whatever_the_clock_says(moment, wait):
    said = Headers(
        {"Retry-After": format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True)}
    )
    assert retry_after(said, moment - wait) == wait
    assert retry_after(said, moment + wait) == 0


@for_all(made_of("Tue, ", "15 ", "Nov ", "1994 ", "08:12:31 ", "GMT", "31 ", "Feb ", "99:99:99 "))
def test_any_date_is_a_wait_or_none(text):
    for wish in ({"Retry-After": text}, {"Retry-After": text, "Date": text}):
        seconds = retry_after(Headers(wish), 0.0)
        assert seconds is None or seconds >= 0


# What is said on the side


@for_all(st.lists(quotable.map(str.strip).filter(bool), min_size=1, max_size=5), st.booleans())
def test_warnings_are_read_as_they_are_written(texts, apart):
    said = [f"299 - {quoted(text)}" for text in texts]
    assert warnings(said if apart else [", ".join(said)]) == tuple(
        dict.fromkeys(visible(text) for text in texts)
    )


@for_all(st.lists(made_of('299 - "', '"', "299", " ", "-", ",", "\\", "\t", "x"), max_size=4))
def test_any_warning_header_is_visible_texts_or_none(headers):
    notices = Notices("r.example")
    notices.hear(Response(200, [("Warning", header) for header in headers]))
    assert all(text and is_harmless(text) for text in notices.warnings)
    assert len(set(notices.warnings)) == len(notices.warnings)
    assert sum(map(len, notices.warnings)) <= HEADER_LIMIT


@for_all(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_a_rate_limit_is_read_as_it_is_written(limit, remaining, window):
    said = {"ratelimit-limit": f"{limit};w={window}", "ratelimit-remaining": f"{remaining};w=1"}
    assert rate_limit(Headers(said)) == RateLimit(limit, remaining, window)


@for_all(made_of("100", ";", "w", "=", "21600", ",", " ", '"'), made_of("7", ";w=", "5"))
def test_any_rate_limit_is_one_or_none(limit, remaining):
    found = rate_limit(Headers({"ratelimit-limit": limit, "ratelimit-remaining": remaining}))
    assert found is None or found.limit >= 0


@for_all(st.lists(st.tuples(st.sampled_from(["Docker-Content-Digest", "Content-Type", "X"]),
                            made_of("sha256:", "0" * 64, ",", ";", "/", "\n")), max_size=4),
         st.integers(0, 999), st.binary(max_size=60))  # fmt: skip
def test_any_answer_has_a_refusal_that_can_be_shown(pairs, status, body):
    response = Response(status, pairs, body)
    error = response.refusal()
    assert isinstance(error, RegistryError)
    assert is_harmless(str(error))
    assert is_harmless(repr(response))
    assert is_harmless(repr(response.headers))
    claimed_digest(response)
    assert all(is_harmless(value) for _, value in shown_headers(response.headers).pairs())


@for_all(ANY_TEXT)
def test_headers_are_found_whatever_their_case(name):
    headers = Headers([(name, "1"), ("other-thing", "2"), (name, "3")])
    assert headers.get_all(name.lower()) == ["1", "3"]
    assert headers[name] == "1, 3"
    assert "2" in headers.having(X="y").get_all("other-thing")
