"""References: docker's rules, by vectors made with distribution/reference, in both directions."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.errors import InvalidReference
from ocinb.oci.digest import Digest
from ocinb.oci.reference import (
    Reference,
    api_host,
    canonical_registry,
    check_host,
    check_repository,
    check_tag,
    identifier,
    is_loopback,
)

H = "a" * 64
SHA = f"sha256:{H}"
SHA_512 = "sha512:" + "a" * 128

# What is typed, and what it stands for. `=`: itself.
NAMED = [
    ("host.com", "docker.io/library/host.com:latest"),
    ("alpine", "docker.io/library/alpine:latest"),
    ("alpine:3.20", "docker.io/library/alpine:3.20"),
    ("user/app", "docker.io/user/app:latest"),
    ("user/app:1", "docker.io/user/app:1"),
    ("library/alpine", "docker.io/library/alpine:latest"),
    ("localhost", "docker.io/library/localhost:latest"),
    ("localhost:5000", "docker.io/library/localhost:5000"),
    ("localhost/x", "localhost/x:latest"),
    (f"localhost:5000/x@{SHA}", "="),
    ("index.docker.io/alpine", "docker.io/library/alpine:latest"),
    ("index.docker.io/user/app:1", "docker.io/user/app:1"),
    ("docker.io/alpine", "docker.io/library/alpine:latest"),
    ("registry-1.docker.io/library/alpine", "registry-1.docker.io/library/alpine:latest"),
    (f"ghcr.io/o/r:t@{SHA}", "="),
    ("[::1]:5000/x", "[::1]:5000/x:latest"),
    ("[::1]/x", "[::1]/x:latest"),
    ("Foo/bar", "Foo/bar:latest"),
    ("EXAMPLE.com/x", "EXAMPLE.com/x:latest"),
    ("a--b/c__d.e", "docker.io/a--b/c__d.e:latest"),
    ("x:_a", "docker.io/library/x:_a"),
    ("x:" + "t" * 128, "docker.io/library/x:" + "t" * 128),
    (f"x@{SHA_512}", f"docker.io/library/x@{SHA_512}"),
    (f"{H}:t", f"docker.io/library/{H}:t"),
    (f"docker.io/{H}", f"docker.io/library/{H}:latest"),
    ("a:5000", "docker.io/library/a:5000"),
    ("a:5000/c", "a:5000/c:latest"),
    ("192.168.0.1/x", "192.168.0.1/x:latest"),
    ("xn--e1afmkfd.com/x", "xn--e1afmkfd.com/x:latest"),
    ("docker.io/docker.io/x", "docker.io/docker.io/x:latest"),
    ("host.com/" + "a" * 255, "host.com/" + "a" * 255 + ":latest"),
    ("host.com:65535/x", "host.com:65535/x:latest"),
    (f"x:t@{SHA}", f"docker.io/library/x:t@{SHA}"),
]

REFUSED = [
    "", "[fe80::1%eth0]:5000/x", "[fc00::1]", "[2001:db8:3:4::192.0.2.33]:5000/d", "Alpine",
    "foo/Bar", "a_-b", "a..b", "a___b", "a/", "/a", "a//b", "x:" + "t" * 129, "x:-a", "x:.a", "x:é",
    "x@sha256:abc", "x@sha256:" + "A" * 64, "x@sha256:" + "a" * 65, "x@md5:" + "a" * 32, H,
    "http://host/x", "x\n", " x", "x ", "x y", "а/b", "a:b/c", "a" * 255, "host.com/" + "a" * 256,
    "x:t:u", f"x@{SHA}@{SHA}", f"x:t@{SHA}:u", "host.com:/x", "-a.com/x", "a-.com/x", "a.com./x",
    "x/../y", "x/./y", "x%2fy", "x?y", "x#y",
    # more of K-14 and K-15
    "ｘ", "x:ｔ", "x:", "x@", "@", ":", "/", f"@{SHA}", f":t@{SHA}", f"host.com/@{SHA}",
    "a\r\nX: y", "x:a\r\nX: y", "a/../../v2/_catalog", "a/%2e%2e", "x:t\0",
    "user:password@host.com/x",
]  # fmt: skip

# Where we differ from distribution/reference on purpose.
STRICTER = ["host.com:99999/x", "host.com:0/x", "host.com:65536/x", "host.com:0655350/x"]


@pytest.mark.parametrize(("typed", "meant"), NAMED)
def test_a_reference_means_what_docker_takes_it_for(typed, meant):
    meant = typed if meant == "=" else meant
    assert str(Reference.parse(typed)) == meant
    assert Reference.parse(meant) == Reference.parse(typed)


@pytest.mark.parametrize("typed", REFUSED)
def test_what_docker_refuses_is_refused_naming_part_and_rule(typed):
    with pytest.raises(InvalidReference) as refused:
        Reference.parse(typed)
    assert refused.value.part in ("reference", "registry", "repository", "tag", "digest")
    assert refused.value.rule


@pytest.mark.parametrize("typed", STRICTER)
def test_a_port_out_of_range_is_refused_though_the_grammar_of_docker_lets_it_pass(typed):
    with pytest.raises(InvalidReference, match="between 1 and 65535"):
        Reference.parse(typed)


def test_a_digest_of_an_unknown_algorithm_is_a_name_though_docker_refuses_it():
    """K-10: it may be displayed; whoever wants its content is told that it cannot be verified."""
    assert Reference.parse("x@foo:bar").digest == "foo:bar"


@pytest.mark.parametrize(
    ("typed", "part", "said"),
    [
        ("alpine:-a", "tag", "128 letters"),
        ("foo/Bar", "repository", "between slashes"),
        ("a:b/c", "registry", "host:port"),
        ("x@sha256:abc", "digest", "64 lower-case hex"),
        (H, "reference", "image id"),
        ("https://host/x", "reference", "scheme"),
        ("a/", "reference", "no repository"),
        ("x" * 1_025, "reference", "1,024"),
    ],
)
def test_the_error_names_the_part_and_the_rule_it_breaks(typed, part, said):
    with pytest.raises(InvalidReference) as refused:
        Reference.parse(typed)
    assert refused.value.part == part
    assert said in refused.value.rule


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("foo/Bar", "write 'foo/bar'"),
        ("https://ghcr.io/o/r:t", "write 'ghcr.io/o/r:t'"),
        (H, f"name@sha256:{H}"),
    ],
)
def test_the_error_says_what_to_write_instead(typed, hint):
    with pytest.raises(InvalidReference) as refused:
        Reference.parse(typed)
    assert hint in refused.value.hints[0]
    assert refused.value.__notes__ == [f"Hint: {refused.value.hints[0]}"]


@pytest.mark.parametrize("refuse", [Reference.parse, canonical_registry])
def test_a_pasted_password_is_not_repeated(refuse):
    """K-20."""
    with pytest.raises(InvalidReference) as refused:
        refuse("https://me:hunter2@ghcr.io/o/r")
    assert "ghcr.io/o/r" in str(refused.value)
    assert "hunter2" not in f"{refused.value} {refused.value.hints}"


@pytest.mark.parametrize(
    "typed",
    ["me:hunter2@ghcr.io/o/r", "me:hunter2@ghcr.io", "me:hunter2@localhost:5000/r:t",
     "https://me:hunter2/x@ghcr.io/o", "https://me:hunter2#x@ghcr.io/o", "http:/me:hunter2@ghcr.io",
     "https://me:hunter2?x@ghcr.io/o", "docker://me:hunter2@ghcr.io/o", "//me:hunter2@ghcr.io/o"],
)  # fmt: skip
@pytest.mark.parametrize("refuse", [Reference.parse, canonical_registry])
def test_a_pasted_password_is_not_repeated_whatever_is_around_it(refuse, typed):
    """K-20: with and without scheme, and where its characters mean something in a URL."""
    with pytest.raises(InvalidReference) as refused:
        refuse(typed)
    assert "hunter2" not in f"{refused.value} {refused.value.hints} {refused.value.text}"


@pytest.mark.parametrize("odd", [None, 5, b"alpine", ["alpine"]])
def test_what_is_no_text_is_no_reference(odd):
    with pytest.raises(InvalidReference, match="not text"):
        Reference.parse(odd)


def test_with_a_digest_the_digest_decides():
    both = Reference.parse(f"ghcr.io/o/r:t@{SHA}")
    assert (both.tag, both.digest, both.identifier) == ("t", SHA, SHA)
    assert Reference.parse("ghcr.io/o/r:t").identifier == "t"
    assert Reference.parse("ghcr.io/o/r").identifier == "latest"


def test_a_reference_knows_its_name_and_is_told_in_one_line():
    reference = Reference.parse("ghcr.io/o/r:t")
    assert reference.name == "ghcr.io/o/r"
    assert repr(reference) == "<Reference ghcr.io/o/r:t>"


def test_a_colon_decides_between_digest_and_tag():
    assert identifier("v1") == "v1"
    assert type(identifier(SHA)) is Digest
    for odd in ("a:b:c", "sha256:", "-x", "", "a/b", "a\nb", "v1\n"):
        with pytest.raises(InvalidReference):
            identifier(odd)


@pytest.mark.parametrize("tag", ["a", "_", "0", "A.b-c_d", "t" * 128])
def test_tags_are_made_of_128_word_characters_dots_and_dashes(tag):
    assert check_tag(tag) == tag
    for odd in ("", f".{tag}", f"-{tag}", f"{tag}/", f"{tag}\n", "t" * 129, f"{tag}é"):
        with pytest.raises(InvalidReference):
            check_tag(odd)


@pytest.mark.parametrize(
    ("registry", "host"), [("docker.io", "registry-1.docker.io"), ("ghcr.io", "ghcr.io")]
)
def test_docker_hub_answers_under_another_name(registry, host):
    """A-19."""
    assert api_host(registry) == host


def test_a_registry_alone_is_checked_and_its_aliases_replaced():
    assert canonical_registry("INDEX.docker.io") == "docker.io"
    assert canonical_registry("localhost:5000") == "localhost:5000"
    for odd in ("", "host/path", "http://host", "host:0", "host:99999", "a b", "h\\@evil", "①.com"):
        with pytest.raises(InvalidReference):
            canonical_registry(odd)


@pytest.mark.parametrize(
    ("registry", "local"),
    [
        ("localhost", True), ("LOCALHOST:5000", True), ("a.localhost:1", True),
        ("[::1]:5000", True), ("127.0.0.1", True), ("127.9.9.9:80", True),
        ("docker.io", False), ("10.0.0.1", False),
        ("192.168.0.1:5000", False), ("localhost.evil.com", False), ("127.1", False),
        ("0x7f000001", False), ("2130706433", False), ("evillocalhost", False), ("0.0.0.0", False),
        ("[::ffff:8.8.8.8]", False), ("[::2]", False), ("", False), ("localhost/x", False),
    ],
)  # fmt: skip
def test_only_this_machine_by_its_very_name_may_speak_plain_http(registry, local):
    assert is_loopback(registry) is local


LABEL = st.from_regex(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,6}[a-zA-Z0-9])?", fullmatch=True)
HOST = st.one_of(
    st.lists(LABEL, min_size=2, max_size=4).map(".".join),
    st.just("localhost"),
    st.from_regex(r"\[[a-f0-9]{0,4}(?::[a-f0-9]{0,4}){2,7}\]", fullmatch=True),
)
PORT = st.integers(1, 65_535).map(lambda port: f":{port}")
COMPONENT = st.from_regex(r"[a-z0-9]{1,5}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}", fullmatch=True)
PATH = st.lists(COMPONENT, min_size=1, max_size=4).map("/".join)
TAG = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}", fullmatch=True).map(":{}".format)
DIGEST = st.binary(max_size=3).map(lambda content: f"@{Digest.of(content)}")


@given(st.just("") | HOST, st.just("") | PORT, PATH, st.just("") | TAG, st.just("") | DIGEST)
def test_a_reference_written_out_is_read_back_the_same(host, port, path, tag, digest):
    typed = f"{host}{port}/{path}" if host else f"folder/{path}"
    reference = Reference.parse(f"{typed}{tag}{digest}")
    again = Reference.parse(str(reference))
    assert again == reference
    assert str(again) == str(reference)


@given(st.text(max_size=60) | st.text(alphabet="ab:/.@-_[]0A%\n", max_size=40))
def test_any_text_is_a_stable_reference_or_refused(text):
    try:
        reference = Reference.parse(text)
    except InvalidReference:
        return
    assert Reference.parse(str(reference)) == reference
    assert str(reference).isascii()
    assert check_host(reference.registry) == reference.registry
    assert check_repository(reference.repository) == reference.repository


@pytest.mark.parametrize(
    "parse", [Reference.parse, check_host, check_repository, check_tag, Digest]
)
@pytest.mark.parametrize(
    "unit",
    ["a", "a-", "a.", "a/", "a_", "-", ":", "@", "[", "a:1/", "a@", "a-a.", "_a", "é", "a\n"],
)
def test_no_text_takes_longer_than_its_length(parse, unit):
    """K-15: below 50 ms for 16 KiB; the bound leaves room for a busy machine."""
    text = (unit * 16_384)[:16_384]
    started = time.perf_counter()
    for hostile in (text, f"{text}!", f"!{text}", text[:1_000], f"{text[:250]}!"):
        with pytest.raises(InvalidReference):
            parse(f"{hostile}!")
    assert time.perf_counter() - started < 0.5
