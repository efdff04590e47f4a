"""What memory and disk have in common: every test runs against both."""

from __future__ import annotations

import hashlib

import pytest

from ocinb.errors import DigestMismatch, InvalidContent, NotSupported
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.storage import store as stores
from ocinb.storage.layout import Layout
from ocinb.storage.memory import MemoryStore

TEXT = b"the quick brown fox " * 1_000
NAME = Digest.of(TEXT)
NAME_512 = Digest.of(TEXT, "sha512")
RAW = b'{"schemaVersion":2,"manifests":[]}'


@pytest.fixture(params=["memory", "disk"])
def make(request, tmp_path):
    """Makes empty stores of one kind."""
    numbers = iter(range(100))
    return {
        "memory": MemoryStore,
        "disk": lambda: Layout(tmp_path / str(next(numbers))),
    }[request.param]


@pytest.fixture
def store(make):
    return make()


def described(raw: bytes = RAW, algorithm: str = "sha256") -> Descriptor:
    return Descriptor(media_types.INDEX, Digest.of(raw, algorithm), len(raw))


def test_a_new_store_is_empty(store):
    assert store.empty
    assert store.tags() == ()
    assert store.manifests() == ()
    assert store.content(NAME) is None
    assert store.manifest(NAME) is None
    assert store.resolve("v1") is None


def test_what_is_committed_is_read_back_as_often_as_one_likes(store):
    assert stores.put(store, TEXT) == NAME
    content = store.content(NAME)
    assert content.size == len(TEXT)
    assert b"".join(content) == b"".join(content) == TEXT
    assert not store.empty


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (5, 50), (len(TEXT) - 3, len(TEXT)), (7, 7)])
def test_a_part_is_read_without_the_rest(store, start, stop):
    stores.put(store, TEXT)
    part = store.content(NAME).part(start, stop)
    assert part.size == stop - start
    assert b"".join(part) == TEXT[start:stop]
    assert b"".join(part.part(0, 1)) == TEXT[start:stop][:1]


def test_large_content_comes_in_pieces(store):
    large = bytes(2 * stores.PIECE + 1)
    stores.put(store, large)
    sizes = [len(piece) for piece in store.content(Digest.of(large))]
    assert sizes == [stores.PIECE, stores.PIECE, 1]


def test_nothing_is_there_before_the_commit(store):
    with store.ingest() as ingest:
        ingest.write(TEXT)
        assert store.content(NAME) is None
        assert ingest.size == len(TEXT)
    assert store.content(NAME) is None


def test_pieces_are_borrowed_and_copied(store):
    buffer = bytearray(b"abc")
    with store.ingest() as ingest:
        ingest.write(memoryview(buffer))
        buffer[:] = b"xyz"
        ingest.write(memoryview(buffer))
        ingest.commit(Digest.of(b"abcxyz"))


def test_a_wrong_digest_shows_nothing_and_names_both(store):
    with store.ingest() as ingest:
        ingest.write(b"something else")
        with pytest.raises(DigestMismatch) as caught:
            ingest.commit(NAME)
    assert caught.value.expected == NAME
    assert caught.value.actual == Digest.of(b"something else")
    assert store.content(NAME) is None


def test_a_body_that_begins_again_is_hashed_again(store):
    with store.ingest() as ingest:
        ingest.write(b"half of somethi")
        ingest.restart()
        ingest.write(TEXT)
        ingest.commit(NAME)
    assert b"".join(store.content(NAME)) == TEXT


def test_an_ingest_returns_to_a_mark(store):
    with store.ingest() as ingest:
        ingest.write(TEXT[:100])
        mark = ingest.mark()
        ingest.write(b"wrong")
        ingest.return_to(mark)
        ingest.write(TEXT[100:])
        ingest.commit(NAME)
    assert b"".join(store.content(NAME)) == TEXT


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("name", [NAME, NAME_512])
def test_content_is_hashed_again_when_its_name_uses_another_algorithm(store, algorithm, name):
    with store.ingest(algorithm) as ingest:
        ingest.write(TEXT)
        ingest.commit(name)
    assert b"".join(store.content(name)) == TEXT


def test_an_algorithm_that_cannot_be_computed_is_refused(store):
    with pytest.raises(NotSupported):
        store.ingest("blake3")


def test_the_empty_content_can_be_stored(store):
    assert stores.put(store, b"") == f"sha256:{hashlib.sha256().hexdigest()}"
    assert b"".join(store.content(Digest.of(b""))) == b""


def test_content_is_taken_from_another_store_of_any_kind(make, tmp_path):
    for source in (make(), MemoryStore(), Layout(tmp_path / "source")):
        stores.put(source, TEXT, NAME_512)
        target = make()
        assert target.take(NAME_512, source)
        assert b"".join(target.content(NAME_512)) == TEXT
        assert target.take(NAME_512, source)


def test_what_the_other_store_lacks_is_not_taken(make):
    target = make()
    assert not target.take(NAME, make())
    assert target.empty


def test_tags_are_sorted_by_their_bytes_and_point_to_manifests(store):
    store.put_manifest(RAW, described(), ["b", "a", "B", "_1"])
    assert store.tags() == ("B", "_1", "a", "b")
    assert store.resolve("a").digest == Digest.of(RAW)
    assert store.resolve("a").media_type == media_types.INDEX
    assert stores.read(store, Digest.of(RAW)) == RAW


def test_a_manifest_without_a_tag_is_known_with_its_media_type(store):
    store.put_manifest(RAW, described())
    assert store.tags() == ()
    assert store.manifest(Digest.of(RAW)).media_type == media_types.INDEX
    assert [each.digest for each in store.manifests()] == [Digest.of(RAW)]


def test_a_moved_tag_leaves_the_old_manifest_behind(store):
    other = b'{"schemaVersion":2,"manifests":[],"annotations":{}}'
    store.put_manifest(RAW, described(), ["v1"])
    store.put_manifest(other, described(other), ["v1"])
    assert store.resolve("v1").digest == Digest.of(other)
    assert store.manifest(Digest.of(RAW)) is not None
    assert len(store.manifests()) == 2


def test_a_tag_remembers_the_algorithm_it_was_pushed_with(store):
    """S7"""
    store.put_manifest(RAW, described(), ["short"])
    store.put_manifest(RAW, described(algorithm="sha512"), ["long"])
    assert store.resolve("short").digest.algorithm == "sha256"
    assert store.resolve("long").digest.algorithm == "sha512"


def test_a_manifest_that_is_not_what_its_descriptor_says_is_refused(store):
    with pytest.raises(DigestMismatch):
        store.put_manifest(RAW, described(b"{}"), ["v1"])
    assert store.tags() == ()


def test_small_content_is_read_within_bounds(store):
    stores.put(store, TEXT)
    assert stores.read(store, NAME) == TEXT
    assert stores.read(store, NAME_512) is None
    with pytest.raises(InvalidContent, match="20,000 bytes"):
        stores.read(store, NAME, 100)


def test_repr_is_one_useful_line(store):
    store.put_manifest(RAW, described(), ["v1"])
    assert "1 manifests" in repr(store)
    assert "\n" not in repr(store)


def test_small_content_that_is_not_what_its_name_says_is_not_there(store):
    raw = b"content"
    assert stores.read_intact(store, stores.put(store, raw)) == raw
    assert stores.read_intact(store, Digest.of(b"missing")) is None
    assert stores.read_intact(store, Digest.of(raw), limit=6) is None


def test_damaged_content_is_not_there(tmp_path):
    layout = Layout(tmp_path)
    digest = stores.put(layout, b"content")
    (tmp_path / "blobs/sha256" / digest.encoded).write_bytes(b"damaged")
    assert stores.read_intact(layout, digest) is None
