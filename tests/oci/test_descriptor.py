"""Descriptors: what must be there, what may be, and what is kept (K-11)."""

from __future__ import annotations

import base64

import pytest

from ocinb.errors import InvalidContent
from ocinb.oci import media_types
from ocinb.oci.descriptor import EMPTY, Descriptor, descriptors
from ocinb.oci.digest import Digest
from ocinb.oci.platform import Platform

LAYER = {"mediaType": media_types.LAYER_GZIP, "digest": str(Digest.of(b"layer")), "size": 5}


def read(**changes):
    return Descriptor.from_json({**LAYER, **changes}, "the layer")


def test_a_descriptor_keeps_all_it_says():
    said = {
        **LAYER,
        "urls": ["https://example.com/layer"],
        "annotations": {"a": "b"},
        "data": base64.b64encode(b"layer").decode(),
        "artifactType": "application/x",
        "platform": {"architecture": "arm64", "os": "linux", "variant": "v8"},
        "org.example.unknown": {"kept": [1, None]},
    }
    found = Descriptor.from_json(said, "the layer")
    assert found.platform == Platform("linux", "arm64", "v8")
    assert (found.data, found.urls) == (b"layer", ("https://example.com/layer",))
    assert found.annotations == {"a": "b"}
    assert found.unknown == {"org.example.unknown": {"kept": [1, None]}}
    assert found.to_json() == said
    assert list(found.to_json()) == list(said)


def test_what_is_not_said_is_not_written():
    assert read().to_json() == LAYER


def test_of_content_it_says_type_digest_and_size():
    found = Descriptor.of(b"layer", media_types.LAYER_GZIP, annotations={"a": "b"})
    assert found == read(annotations={"a": "b"})
    assert repr(found) == f"<Descriptor {found.digest.short} 5 B layer, tar + gzip>"


def test_the_empty_descriptor_is_the_specs():
    assert EMPTY.to_json() == {
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "size": 2,
        "data": "e30=",
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": True}, "size"), ({"size": -1}, "size"), ({"size": 5.0}, "size"),
        ({"size": "5"}, "size"), ({"size": None}, "size"), ({"digest": None}, "digest"),
        ({"digest": ""}, "digest"), ({"digest": "sha256:../../x"}, "digest"),
        ({"digest": f"sha256:{'A' * 64}"}, "digest"), ({"digest": []}, "digest"),
        ({"mediaType": None}, "media type"), ({"mediaType": "x\r\ny"}, "media type"),
        ({"mediaType": ["a/b"]}, "media type"), ({"annotations": {"a": 1}}, "annotations"),
        ({"annotations": []}, "annotations"), ({"annotations": {"a": None}}, "annotations"),
        ({"data": "%%%"}, "base64"), ({"data": "bGF5ZXI"}, "base64"), ({"data": "ｂ"}, "base64"),
        ({"data": base64.b64encode(b"lay").decode()}, "not what its digest and size say"),
        ({"data": base64.b64encode(b"LAYER").decode()}, "not what its digest and size say"),
    ],
)  # fmt: skip
def test_what_is_missing_or_malformed_is_refused_naming_the_place(changes, said):
    """K-8 (sizes), K-10, K-11, K-14."""
    with pytest.raises(InvalidContent, match="the layer") as refused:
        read(**changes)
    assert said in str(refused.value)


@pytest.mark.parametrize("odd", [None, [], "x", 5])
def test_what_is_no_object_is_no_descriptor(odd):
    with pytest.raises(InvalidContent, match="the config is not an object"):
        Descriptor.from_json(odd, "the config")


def test_embedded_content_that_cannot_be_checked_does_not_count():
    """K-11."""
    assert read(digest="a:b", data=base64.b64encode(b"layer").decode()).data is None


@pytest.mark.parametrize(
    "changes",
    [{"urls": "x"}, {"urls": [1, None]}, {"platform": []}, {"artifactType": 5}, {"data": 5}],
)
def test_odd_values_of_optional_fields_count_as_absent(changes):
    found = read(**changes)
    assert (found.urls, found.platform, found.artifact_type, found.data) == ((), None, "", None)


def test_no_list_counts_as_an_empty_one_and_nothing_else_does():
    assert descriptors(None, "layers", 1) == ()
    assert descriptors([LAYER], "layers", 1) == (read(),)
    with pytest.raises(InvalidContent, match="layers is not a list"):
        descriptors({}, "layers", 1)
    with pytest.raises(InvalidContent, match=r"layers\[1\] is not an object"):
        descriptors([LAYER, None], "layers", 2)
    with pytest.raises(InvalidContent, match="2 entries; at most 1"):
        descriptors([LAYER, LAYER], "layers", 1)


def test_one_digest_cannot_have_two_sizes():
    """F-M8."""
    with pytest.raises(InvalidContent, match="two different sizes"):
        descriptors([LAYER, {**LAYER, "size": 6}], "layers", 2)
    assert len(descriptors([LAYER, LAYER], "layers", 2)) == 2


def test_a_hostile_value_is_cut_in_the_error():
    """K-18."""
    with pytest.raises(InvalidContent) as refused:
        read(size="\x1b[2J" * 1_000)
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_descriptors_are_values():
    assert read() == read()
    assert hash(read(annotations={"a": "b"})) == hash(read())
    assert read(annotations={"a": "b"}) != read()
