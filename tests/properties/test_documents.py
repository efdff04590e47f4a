"""JSON from strangers: what it says is kept, anything else is refused by its one error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from ocinb.errors import InvalidContent, NotSupported, RegistryError
from ocinb.oci import media_types, strict_json
from ocinb.oci.config import parse_config
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest, parse_manifest
from ocinb.oci.platform import Platform
from ocinb.oci.reference import check_tag
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.referring.referrers import list_referrers
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.tags import list_tags
from ocinb.protocol.uploads.session import UploadSession
from ocinb.storage.catalogue import Catalogue
from tests.display.reader import is_harmless
from tests.properties.strange import ANY_TEXT, JSON, changed, for_all, made_of, value_or_refusal

DIGEST = str(Digest.of(b"layer"))
ENTRY: dict[str, Any] = {
    "mediaType": media_types.LAYER_GZIP, "digest": DIGEST, "size": 5, "urls": ["https://x/"],
    "annotations": {"a": "b"}, "data": "bGF5ZXI=", "artifactType": "a/b",
    "platform": {"os": "linux", "architecture": "arm64", "variant": "v8", "os.features": ["x"]},
}  # fmt: skip
MANIFEST: dict[str, Any] = {
    "schemaVersion": 2, "mediaType": media_types.MANIFEST, "config": ENTRY, "layers": [ENTRY],
    "subject": ENTRY, "annotations": {"a": "b"}, "artifactType": "a/b",
}  # fmt: skip
INDEX: dict[str, Any] = {
    "schemaVersion": 2, "mediaType": media_types.INDEX, "manifests": [ENTRY], "subject": ENTRY,
    "annotations": {"a": "b"}, "artifactType": "a/b",
}  # fmt: skip
ARTIFACT: dict[str, Any] = {
    "mediaType": media_types.ARTIFACT_MANIFEST, "artifactType": "a/b", "blobs": [ENTRY],
    "subject": ENTRY, "annotations": {"a": "b"},
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "created": "2024-05-01T12:00:00.5Z", "author": "me", "os": "linux", "architecture": "arm64",
    "variant": "v8", "os.version": "1", "os.features": ["x"],
    "config": {"Env": ["A=b"], "Cmd": ["c"], "Entrypoint": ["e"], "User": "u", "WorkingDir": "/",
               "StopSignal": "9", "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/v": {}},
               "Labels": {"a": "b"}},
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
    "history": [{"created": "2024-05-01T12:00:00Z", "created_by": "RUN", "author": "me",
                 "comment": "c", "empty_layer": True}],
}  # fmt: skip


def is_i_json(value) -> bool:
    """Whether our reader may accept `value`: exact integers, whole characters, names told apart."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        known = [strict_json.KNOWN_NAMES.get(name.casefold()) for name in value]
        known = [name for name in known if name]
        names_differ = len(known) == len(set(known))
        return names_differ and all(is_i_json(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return all(map(is_i_json, value))
    return type(value) is not int or abs(value) < 2**63


# JSON itself


@for_all(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_json_is_read_as_it_is_written_or_it_is_not_i_json(value, escaped, indent):
    written = json.dumps(value, ensure_ascii=escaped, indent=indent)
    raw = written.encode("utf-8", "surrogatepass")
    if is_i_json(value):
        assert strict_json.parse(raw, "it") == value
    else:
        with pytest.raises(InvalidContent):
            strict_json.parse(raw, "it")


pieces = made_of(
    "{", "}", "[", "]", '"a"', '"', ":", ",", "1", "-", "1e999", "NaN", "-Infinity", "null", "true",
    "\\ud800", "\\udc00", "\\", "\\u0000", "9" * 19, "9" * 20, "9" * 5_000, ".", " ", "//", "01",
    '"size"', '"Size"', "[" * 70, "]" * 70,
)  # fmt: skip
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])


@for_all(
    st.builds(lambda text, code: text.encode(code, "surrogatepass"), pieces, encodings)
    | st.binary(max_size=60),
    examples=200,
)
def test_any_bytes_are_a_value_or_no_document(raw):
    """K-8: depth, duplicates, NaN, marks of byte order, other encodings, halves of characters."""
    read = value_or_refusal(lambda: [strict_json.parse(raw, "it")], InvalidContent)
    if read is None:
        return
    assert is_i_json(read)
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert strict_json.parse(encode({"it": read[0]}), "it") == {"it": read[0]}


@for_all(st.integers(0, 200), st.sampled_from(["[]", '{"a":}', '[{"a":}]']))
def test_what_is_deep_is_refused_whatever_it_is_made_of(depth, unit):
    opening, closing = unit[: unit.index(":") + 1] if ":" in unit else "[", unit.lstrip('[{"a:')
    raw = (opening * depth + "1" + closing * depth).encode()
    deep = depth * sum(map(opening.count, "[{"))
    if deep <= strict_json.DEEPEST:
        strict_json.parse(raw, "it")
    else:
        with pytest.raises(InvalidContent, match="nested"):
            strict_json.parse(raw, "it")


# Descriptors, manifests, configs


texts = st.text(max_size=8)
descriptors = st.builds(
    Descriptor,
    st.sampled_from([media_types.LAYER, media_types.MANIFEST, "a/b"]),
    st.binary(max_size=4).map(Digest.of),
    st.integers(0, 2**63 - 1),
    st.dictionaries(texts, texts, max_size=2),
    st.none() | st.builds(Platform, texts, texts, texts, texts, st.lists(texts).map(tuple)),
    texts,
    st.lists(texts.filter(bool), max_size=2).map(tuple),
)


@for_all(descriptors)
def test_a_descriptor_is_read_as_it_is_written(descriptor):
    said = json.loads(json.dumps(descriptor.to_json()))
    assert Descriptor.from_json(said, "it") == descriptor
    assert is_harmless(repr(descriptor))


@for_all(changed(ENTRY) | JSON, examples=120)
def test_anything_is_a_descriptor_that_is_written_as_it_was_read_or_none(value):
    descriptor = value_or_refusal(lambda: Descriptor.from_json(value, "it"), InvalidContent)
    if descriptor is None:
        return
    assert Descriptor.from_json(descriptor.to_json(), "it") == descriptor
    assert descriptor.data is None or Digest.of(descriptor.data) == descriptor.digest
    assert is_harmless(repr(descriptor))


def sized(entries: list[Descriptor]) -> list[Descriptor]:
    """Without a digest of two sizes, which is refused."""
    return list({each.digest: each for each in entries}.values())


@for_all(st.lists(descriptors, max_size=4).map(sized), st.none() | descriptors, texts)
def test_a_manifest_and_an_index_are_read_as_they_are_written(entries, subject, artifact_type):
    manifest = Manifest.of(
        EMPTY, entries, annotations={"a": artifact_type}, subject=subject,
        artifact_type=artifact_type,
    )  # fmt: skip
    assert parse_manifest(manifest.raw) == manifest
    assert (manifest.layers, manifest.subject) == (tuple(entries), subject)
    index = Index.of(entries, annotations={"a": artifact_type})
    assert parse_manifest(index.raw, media_types.INDEX) == index
    assert index.manifests == tuple(entries)


content_types = st.sampled_from(["", *media_types.READABLE, "text/plain", "x; y=z"]) | ANY_TEXT


@for_all(
    changed(MANIFEST) | changed(INDEX) | changed(ARTIFACT) | JSON, content_types,
    examples=150,
)  # fmt: skip
def test_anything_is_a_manifest_or_refused(value, content_type):
    raw = json.dumps(value).encode()
    found = value_or_refusal(
        lambda: parse_manifest(raw, content_type), InvalidContent, NotSupported
    )
    if found is None:
        return
    assert (found.raw, found.digest) == (raw, Digest.of(raw))
    assert found.media_type in media_types.READABLE
    assert found.descriptor.size == len(raw)
    assert is_harmless(repr(found))
    assert all(isinstance(each, Descriptor) for each in found.children)


@for_all(changed(CONFIG), st.integers(0, 3), examples=120)
def test_any_object_is_a_config_that_names_what_is_wrong_with_it(value, layers):
    raw = json.dumps(value).encode()
    try:
        config = parse_config(raw)
    except InvalidContent:
        assert not is_i_json(value)
        return
    assert len(config.steps(layers)) >= layers
    assert config.raw == raw
    for text in (*config.env, *config.cmd, *config.labels.values(), config.author, config.user):
        assert isinstance(text, str)
    assert len(config.problems) == len(set(config.problems))


# Layouts


@for_all(changed(INDEX), st.lists(descriptors, max_size=2), st.sampled_from(["v1", "latest"]))
def test_a_layout_s_index_is_written_as_it_was_read(document, more, tag):
    try:
        catalogue = Catalogue.from_json(document)
    except InvalidContent:
        assert not isinstance(document.get("manifests"), list)
        return
    assert Catalogue.from_json(catalogue.to_json()) == Catalogue.from_json(
        Catalogue.from_json(catalogue.to_json()).to_json()
    )
    for manifest in more:
        catalogue = catalogue.having(manifest, [tag])
        assert catalogue.names[tag].digest == manifest.digest
        again = Catalogue.from_json(catalogue.to_json())
        assert again.names[tag] == catalogue.names[tag]
        assert set(again.manifests) == set(catalogue.manifests)
    gone = catalogue.without_tag(tag)
    assert tag not in gone.tags()
    assert set(gone.manifests) == set(catalogue.manifests)
    for manifest in more:
        assert manifest.digest not in catalogue.without(manifest.digest).manifests
    assert all(map(is_harmless, catalogue.tags()))


# Uploads


locations = st.sampled_from(["/v2/a/blobs/uploads/1?_s=x%2F", "https://r.example/u"]) | made_of(
    "http", "https://", "/", "//", "r.example", "?", "[", "]", ":", "\n"
)


@for_all(
    st.sampled_from(["/v2/a/blobs/uploads/1?_s=x%2F", "https://r.example/u?a=b"]),
    st.none() | st.binary(max_size=2).map(Digest.of),
    st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.booleans(),
)  # fmt: skip
def test_a_session_is_read_as_it_is_written(location, digest, offset, size, known):
    session = UploadSession(location, digest, max(offset, size) if known else None, offset, 7)
    assert UploadSession.from_json(session.to_json()) == session


SESSION = {"location": "/v2/a/blobs/uploads/1", "digest": DIGEST, "size": 9, "offset": 5,
           "minimum": 1}  # fmt: skip


@for_all(changed(SESSION), locations, st.booleans(), examples=120)
def test_anything_kept_is_a_session_or_refused(document, location, change):
    if change:
        document["location"] = location
    text = json.dumps(document)
    session = value_or_refusal(lambda: UploadSession.from_json(text), InvalidContent)
    if session is None:
        return
    assert session.size is None or 0 <= session.offset <= session.size
    assert session.location.isprintable()
    assert is_harmless(repr(session))
    assert UploadSession.from_json(session.to_json()) == session


@for_all(ANY_TEXT | pieces)
def test_any_text_is_a_session_or_refused(text):
    with pytest.raises(InvalidContent):
        UploadSession.from_json(text)


# Listings


def answered(conversation: Conversation[Any], body: bytes, link: str) -> Any:
    """What comes of a conversation whose every question is answered with `body` and `link`."""
    headers = {"Content-Type": media_types.INDEX, "Link": link}

    def send(step: Step) -> Response:
        asked = Request("GET", f"https://r.example{step.request.url.removeprefix(HOME)}")
        return Response(200, headers, body, request=asked)

    stepper = Stepper(conversation, send)
    return value_or_refusal(stepper.finish, InvalidContent, RegistryError)


HOME = "https://r.example"
links = made_of("<", ">", "/v2/a/tags/list", "?n=1", "; rel=", '"next"', ",") | st.sampled_from(
    ["", '</v2/a/tags/list?last=x>; rel="next"', '<?n=1>; rel="next"', '<?n=2>; rel="next"']
)


@for_all(
    changed({"name": "a", "tags": ["v1", "v2"]}) | JSON, links, st.none() | st.integers(1, 3)
)  # fmt: skip
def test_any_answer_is_a_list_of_tags_that_ends_or_refused(value, link, page_size):
    """T-4, T-7: nothing but tags in it, sorted, each once, and no page asked for twice."""
    found = answered(list_tags("a", page_size), json.dumps(value).encode(), link)
    if found is None:
        return
    assert list(found) == sorted(set(found))
    assert all(check_tag(tag) == tag for tag in found)
    assert all(map(is_harmless, (*found.odd, found.note, repr(found))))
    assert found.pages <= 4


@for_all(changed(INDEX) | JSON, links)
def test_any_answer_is_a_list_of_referrers_or_refused(value, link):
    raw = json.dumps(value).encode()
    found = answered(list_referrers("a", Digest.of(b"x")), raw, link)
    assert found is None or is_harmless(repr(found) + found.note)
