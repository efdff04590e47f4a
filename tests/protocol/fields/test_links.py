"""The `Link` header (RFC 8288): read from left to right, followed only at home (K-6, T-7)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocinb.errors import UnexpectedAnswer
from ocinb.protocol.fields.links import absolute, next_link, resolved, same_listing
from ocinb.protocol.messages import Request, Response

PATH = "/v2/demo/tags/list"
ANSWER = Response(200, request=Request("GET", f"https://registry.example{PATH}?n=2"))


@pytest.mark.parametrize(
    ("headers", "target"),
    [
        ([], ""),
        ([""], ""),
        (['</x>; rel="next"'], "/x"),
        (["</x>; rel=next"], "/x"),
        (["</x>;rel=NEXT"], "/x"),
        (['</x>; REL="Next"'], "/x"),
        (['</x> ; rel = "next"'], "/x"),
        (['</x>; rel="prev next"'], "/x"),
        (['</x>; title="a; b, <c>"; rel="next"'], "/x"),
        (["< /x >; rel=next"], "/x"),
        (['</a>; rel="prev", </b>; rel="next"'], "/b"),
        (['</a>; rel="prev"', '</b>; rel="next"'], "/b"),
        (['</a>; rel="next", </b>; rel="next"'], "/a"),
        (["</x?last=a,b;c>; rel=next"], "/x?last=a,b;c"),
        (["<>; rel=next"], ""),
        (['</x>; rel="prev"'], ""),
        (['</x>; rel="nextish"'], ""),
        (['</x>; rel="prev"; rel="next"'], ""),
        (["</x>"], ""),
        (["</x>; rel"], ""),
        (["</x; rel=next"], ""),
        (["/x; rel=next"], ""),
        (["<;;;>"], ""),
        ([";;;,,,=<>="], ""),
        (['</x>; rel="next'], "/x"),
        (["x" * 20_000 + "</x>; rel=next"], ""),
    ],
)
def test_the_next_page_is_the_link_that_says_so(headers, target):
    """Case 40."""
    assert next_link(headers) == target


@pytest.mark.parametrize(
    "unit",
    ["<", ">", "<>", "<;", "<a>;", ";", ",", "=", '"', "<x>;a=", '<x>;"', '<x>;a="', "<x>, ", " "],
)
def test_no_header_takes_longer_than_its_length(unit):
    """K-15; 16 KiB, with room for a busy machine."""
    started = time.perf_counter()
    next_link([(unit * 16_384)[:16_384]] * 4)
    assert time.perf_counter() - started < 0.5


@settings(deadline=None)
@given(st.lists(st.text(alphabet='<>;,="\\ relnxt/\0é', max_size=40), max_size=3))
def test_any_header_is_a_target_or_nothing(headers):
    target = next_link(headers)
    assert target == target.strip()
    assert ">" not in target


@pytest.mark.parametrize(
    ("link", "target"),
    [
        (f"{PATH}?last=b", f"https://registry.example{PATH}?last=b"),
        ("?last=b", f"https://registry.example{PATH}?last=b"),
        ("list?n=2&last=b%2Fc+d", f"https://registry.example{PATH}?n=2&last=b%2Fc+d"),
        (f"https://registry.example{PATH}?next_page=x==", f"https://registry.example{PATH}?next_page=x=="),
        (f"//registry.example{PATH}?last=b", f"https://registry.example{PATH}?last=b"),
    ],
)  # fmt: skip
def test_a_link_at_home_is_made_absolute_and_kept(link, target):
    """T-1, T-7, case 40."""
    assert same_listing(ANSWER, link, PATH) == target


@pytest.mark.parametrize(
    "link",
    [
        f"https://evil.example{PATH}?last=b", f"http://registry.example{PATH}?last=b",
        f"https://registry.example:444{PATH}", f"//evil.example{PATH}", "/v2/other/tags/list",
        "/v2/_catalog", "/v2/demo/manifests/v1", "../other",
        f"https://registry.example@evil.example{PATH}",
        f"https://user:hunter2@registry.example{PATH}", f"/v2/demo/../demo2{PATH}",
        "javascript:alert(1)",
        "file:///etc/passwd", f"https://registry.example.evil.example{PATH}", "https://[::1", "//[",
    ],
)  # fmt: skip
def test_a_link_to_somewhere_else_is_refused(link):
    """K-6, T-7, GHSA-h7vf-4x9w-h99v, case 40."""
    with pytest.raises(UnexpectedAnswer) as refused:
        same_listing(ANSWER, link, PATH)
    assert refused.value.status == 200


@pytest.mark.parametrize(
    "target",
    ["https://r.example/a/../b/./c;p?x=%2f%2F#", "HTTPS://R.example?", "http://r.example:80/x?",
     "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_absolute_is_kept_byte_for_byte(target):
    """L-5: signatures and states break when anything is tidied."""
    assert absolute(f"https://registry.example{PATH}", target) == target


@pytest.mark.parametrize(
    ("base", "target", "made"),
    [
        ("https://r.example/v2/a/", "r.example/v2/a?_s=x%2f", "https://r.example/v2/a?_s=x%2f"),
        ("http://localhost:5000/v2/a/", "localhost:5000/u/1", "http://localhost:5000/u/1"),
        ("https://r.example/v2/a/", "r.example.evil/x", "https://r.example/v2/a/r.example.evil/x"),
        ("https://r.example/v2/a/", "evil.example/x", "https://r.example/v2/a/evil.example/x"),
        ("/v2/a/", "r.example/x", "/v2/a/r.example/x"),
    ],
)
def test_a_host_without_its_scheme_is_known_again_when_it_is_the_registry_s_own(base, target, made):
    """L-4: containerd does the same; any other name is a path, as RFC 3986 has it."""
    assert absolute(base, target) == made


@pytest.mark.parametrize("target", ["https://[::1", "//[evil", "https://[\x1b[2J]/"])
def test_what_is_no_url_is_refused(target):
    """K-14."""
    with pytest.raises(ValueError, match=r"IPv6|netloc|appear"):
        absolute(f"https://registry.example{PATH}", target)
    with pytest.raises(UnexpectedAnswer, match="no URL"):
        resolved(ANSWER, target)


def test_a_refused_link_is_shown_harmlessly():
    """K-18."""
    with pytest.raises(UnexpectedAnswer) as refused:
        same_listing(ANSWER, "https://evil.example/\x1b[2J" + "x" * 9_999, PATH)
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 600


def test_without_knowing_who_was_asked_a_path_is_a_path():
    assert same_listing(Response(200), f"{PATH}?last=b", PATH) == f"{PATH}?last=b"
    assert resolved(Response(200), "/x") == "/x"
