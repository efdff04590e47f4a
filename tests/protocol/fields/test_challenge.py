"""Reading `WWW-Authenticate`: A-8 (RFC 9110, not a regex) and K-15 (never slower than linear)."""

from __future__ import annotations

import random
import time

import pytest

from ocinb.protocol.fields.challenge import HEADER_LIMIT, Challenge, challenges, preferred

OTHER = [("negotiate", {}), ("basic", {"realm": "x"})]
TWO = [("basic", {"realm": "a"}), ("bearer", {"realm": "b"})]
HUB = (
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",'
    'scope="repository:library/alpine:pull,push"'
)


def test_a_bearer_challenge_gives_its_parameters_commas_inside_quotes_included():
    (challenge,) = challenges([HUB])
    assert challenge.scheme == "bearer"
    assert challenge.parameters == {
        "realm": "https://auth.docker.io/token",
        "service": "registry.docker.io",
        "scope": "repository:library/alpine:pull,push",
    }


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], []),
        ([""], []),
        ([",,, ,"], []),
        (["Negotiate"], [("negotiate", {})]),
        (["Negotiate YWJj+/=="], [("negotiate", {})]),
        (["Negotiate YWJj==, Basic realm=x"], OTHER),
        (["Negotiate, Basic realm=x"], OTHER),
        (["Basic realm=a, Bearer realm=b"], TWO),
        (["Basic realm=a", "bEaReR realm=b"], TWO),
        (['Basic realm = "a b" , x="UTF-8"'], [("basic", {"realm": "a b", "x": "UTF-8"})]),
        (['Basic realm="a" Bearer realm="b"'], TWO),
        ([r'Basic realm="say \"hi\", \\o/"'], [("basic", {"realm": r'say "hi", \o/'})]),
        (['Basic realm="never ends, x=y'], [("basic", {"realm": "never ends, x=y"})]),
        (['Basic REALM="a", realm="b"'], [("basic", {"realm": "a"})]),
        (['realm="nobody asked"'], []),
        (["Basic realm="], [("basic", {})]),
        (["Basic @@@ realm=x"], [("basic", {"realm": "x"})]),
        (["Basic \x00\u0430 realm=x"], [("basic", {"realm": "x"})]),
    ],
)  # fmt: skip
def test_challenges_are_read_as_the_rfc_has_them(headers: list[str], found: list[object]):
    assert [(c.scheme, c.parameters) for c in challenges(headers)] == found


def test_repeated_scopes_are_all_meant():
    """A-5."""
    (challenge,) = challenges(
        ['Bearer realm=r,scope="repository:a:pull",scope="repository:b:pull"']
    )
    assert challenge.get("scope") == "repository:a:pull repository:b:pull"
    assert challenge.get("service") == ""


def test_bearer_is_preferred_then_basic_and_the_rest_is_ignored():
    """A-8."""
    bearer, basic, other = Challenge("bearer"), Challenge("basic"), Challenge("negotiate")
    assert preferred([other, basic, bearer]) is bearer
    assert preferred([other, basic]) is basic
    assert preferred([other]) is None
    assert preferred([]) is None


def test_no_more_than_16_kib_are_read_over_all_headers():
    """K-15."""
    long = 'Bearer realm="' + "x" * 70_000 + '"'
    first, *rest = challenges([long, 'Basic realm="y"'])
    assert len(first.get("realm")) < HEADER_LIMIT
    assert rest == []


@pytest.mark.parametrize(
    "unit", ['a="', "a ", "a=", 'a="b",', "\\", '"', '"\\', "A B=", "a,", "=", "Basic x==", "\t "]
)
def test_no_header_takes_longer_than_its_length(unit: str):
    """K-15: the regex others use took 2.7 s here. Four times the length is 16 times, if squared."""
    short, long = seconds(unit, HEADER_LIMIT // 4), seconds(unit, HEADER_LIMIT)
    assert long < 10 * short


def test_what_is_almost_a_token68_is_looked_at_once():
    """K-15: each word was taken for one up to the end of the header, 0.9 s for these 16 KiB."""
    assert seconds("linux/", HEADER_LIMIT - 1, ">") < 10 * seconds("linux/", HEADER_LIMIT // 4, ">")
    assert [each.scheme for each in challenges(["Negotiate abc/==, Basic a/b/>"])][:2] == [
        "negotiate",
        "basic",
    ]


def seconds(unit: str, length: int, end: str = "") -> float:
    """What reading a header of `unit` again and again takes at best, whatever else runs here."""
    header = (unit * length)[:length] + end
    found = []
    for _ in range(7):
        started = time.thread_time()
        challenges([header])
        found.append(time.thread_time() - started)
    return min(found)


def test_noise_is_read_without_an_error():
    noise = random.Random(9110)
    for _ in range(2_000):
        text = "".join(noise.choice('aB=",\\ \t;/\x00é') for _ in range(noise.randrange(60)))
        for challenge in challenges([text]):
            assert challenge.scheme == challenge.scheme.lower() != ""
