"""Names people and registries give: each is read as it is written, or refused by one error."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import strategies as st

from ocinb.client.names import the_identifier, the_registry, the_repository
from ocinb.errors import InvalidContent, InvalidReference
from ocinb.oci import media_types
from ocinb.oci.digest import REGISTERED, Digest
from ocinb.oci.platform import Platform, choose
from ocinb.oci.reference import (
    Reference,
    canonical_registry,
    check_host,
    check_repository,
    check_tag,
    identifier,
    is_loopback,
)
from tests.display.reader import is_harmless
from tests.properties.strange import ANY_TEXT, for_all, made_of

HEX = "0123456789abcdef"
digests = st.sampled_from(sorted(REGISTERED)).flatmap(
    lambda algorithm: st.text(HEX, min_size=REGISTERED[algorithm], max_size=REGISTERED[algorithm])
    .map(lambda encoded: Digest(f"{algorithm}:{encoded}"))
)  # fmt: skip
components = st.from_regex(r"[a-z0-9]{1,6}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
repositories = st.lists(components, min_size=1, max_size=4).map("/".join)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
hosts = st.from_regex(
    r"(?:[a-z0-9]{1,5}(?:-[a-z0-9]{1,3})?\.){1,3}[a-z]{2,4}(?::[1-9][0-9]{0,3})?|"
    r"localhost(?::[1-9][0-9]{0,3})?|\[[0-9a-f]{0,4}:[0-9a-f:]{1,20}\](?::[1-9][0-9]{0,3})?",
    fullmatch=True,
).filter(lambda host: host != "index.docker.io")
references = st.builds(
    Reference, hosts, repositories, st.none() | tags, st.none() | digests
).filter(lambda reference: bool(reference.tag or reference.digest))
written = made_of(
    "docker.io", "ghcr.io", "localhost", ":5000", "/", "library", "a", "app", ":", "latest", "@",
    "sha256:", "0" * 64, "f" * 64, ".", "_", "__", "-", "A", "http://", "user:pw@",
)  # fmt: skip


@for_all(references)
def test_a_reference_is_read_as_it_is_written(reference):
    if reference.registry == "docker.io" and "/" not in reference.repository:
        return  # its full name has `library/` in it
    assert Reference.parse(str(reference)) == reference


@for_all(written, examples=150)
def test_any_text_is_a_reference_that_is_read_again_as_the_same_or_none(text):
    try:
        reference = Reference.parse(text)
    except InvalidReference:
        return
    assert Reference.parse(str(reference)) == reference
    assert str(reference).isascii()
    assert str(reference).isprintable()
    assert " " not in str(reference)
    assert check_repository(reference.repository)
    assert check_host(reference.registry)


@for_all(written)
def test_every_check_lets_a_name_through_unchanged_or_raises_its_one_error(text):
    for check in (check_host, check_repository, check_tag, identifier):
        with suppress(InvalidReference):
            assert check(text) == text
            assert text.isascii()
            assert text.isprintable()
    for read in (canonical_registry, the_registry, the_repository, the_identifier):
        with suppress(InvalidReference):
            assert str(read(text)).isprintable()
    assert is_loopback(text) in (True, False)


@for_all(st.one_of(digests, made_of("sha256:", "sha512:", "blake3:", "md5:", "0" * 64, "A", "+")))
def test_a_digest_is_itself_and_safe_in_a_path(text):
    with suppress(InvalidReference):
        digest = Digest(text)
        assert digest == text == f"{digest.algorithm}:{digest.encoded}"
        assert "/" not in digest
        assert ".." not in digest
        assert Digest(digest) is digest


platforms = made_of(
    "linux", "windows", "macos", "/", "amd64", "x86_64", "arm64", "aarch64", "arm", "armhf", "v8",
    "v8.0", "v7", "8", "(10.0.20348", "+win32k", ")", "i386", "v1",
)  # fmt: skip


@for_all(platforms, examples=150)
def test_a_platform_is_read_again_as_the_same(text):
    try:
        platform = Platform.parse(text)
    except InvalidReference:
        return
    assert platform.normalised.normalised == platform.normalised
    if len(str(platform)) < 128:  # longer ones are cut to be shown
        assert Platform.parse(str(platform)) == platform
    assert is_harmless(str(platform))


@for_all(st.dictionaries(
    st.sampled_from(["os", "architecture", "variant", "os.version", "os.features"]),
    ANY_TEXT | st.integers() | st.lists(ANY_TEXT, max_size=3) | platforms,
), platforms)  # fmt: skip
def test_no_platform_in_an_index_is_too_odd_to_be_looked_at_or_chosen_from(value, wish):
    found = Platform.from_json(value)
    assert Platform.from_json(found.to_json()) == found
    assert is_harmless(str(found))
    assert found.normalised.normalised == found.normalised
    with suppress(InvalidReference):
        assert choose(Platform.parse(wish), [None, found, found]) in (None, 1)
    assert choose(found, [found]) in (None, 0)


@for_all(
    made_of("application/", "vnd.oci.image", "+json", ";charset=utf-8", ".v1", "a/b", " ", "\n")
)
def test_a_media_type_that_may_travel_is_plain(text):
    with suppress(InvalidContent):
        assert media_types.check(text, "it") == text
        assert text.isascii()
        assert text.isprintable()
        assert not set(text) & set(' ;,"\\')
    assert is_harmless(media_types.meaning(text))
    assert media_types.kind(text)
