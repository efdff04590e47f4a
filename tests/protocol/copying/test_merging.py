"""Cosign's tags at the target of a copy: nobody's signature is lost."""

from __future__ import annotations

from ocinb.oci.descriptor import Descriptor
from ocinb.oci.image import Blob, Image
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, Manifest
from ocinb.oci.signature import SIGNATURE, signed, with_signature
from ocinb.protocol.copying.merging import put_kept_tag, together_with
from tests.protocol.scripted import Line, ok, run

TAG = f"sha256-{'a' * 64}.sig"


def signatures(*names: bytes) -> Manifest:
    """What cosign keeps under its tag when these have signed."""
    found: Image | None = None
    for name in names:
        found = with_signature(found.manifest if found else None, signed(b"{}", name))
    assert found is not None
    assert isinstance(found.manifest, Manifest)
    return found.manifest


def blob(descriptor: Descriptor) -> Blob:
    return Blob(descriptor, lambda: [b"{}"])


def merged(found: AnyManifest | None, ours: AnyManifest, tag: str = TAG) -> AnyManifest | None:
    return together_with(found, ours, tag, blob)[0]


def get(found: AnyManifest | None) -> Line:
    answer = ok(found.raw, found.media_type) if found else 404
    return f"GET /v2/app/manifests/{TAG}", answer


PUT: Line = (f"PUT /v2/app/manifests/{TAG}", 201)


def test_where_nothing_is_there_it_is_put_as_it_is():
    ours = signatures(b"a")
    lines = (get(None), PUT, get(ours))
    assert run(put_kept_tag("app", ours, TAG, blob), *lines) == ("copied", "")


def test_where_it_is_there_nothing_is_put():
    ours = signatures(b"a")
    assert run(put_kept_tag("app", ours, TAG, blob), get(ours)) == ("existed", "")


def test_what_has_all_that_is_there_replaces_it():
    ours = signatures(b"a", b"b")
    assert merged(signatures(b"a"), ours) is ours


def test_where_more_is_there_it_stays():
    there = signatures(b"a", b"b")
    done = run(put_kept_tag("app", signatures(b"a"), TAG, blob), get(there))
    assert done == ("existed", "among others there")


def test_signatures_of_others_come_first_and_ours_behind_them():
    there, ours = signatures(b"theirs"), signatures(b"ours", b"theirs", b"more")
    both, config = together_with(there, signatures(b"ours", b"more"), TAG, blob)
    assert isinstance(both, Manifest)
    assert [each.annotations[SIGNATURE] for each in both.layers] == [
        each.annotations[SIGNATURE] for each in (there.layers[0], ours.layers[0], ours.layers[2])
    ]
    assert config is not None
    assert both.config == config.descriptor


def test_what_is_no_list_of_signatures_is_left_alone():
    ours, other = signatures(b"a"), Index.of([])
    assert merged(other, ours) is None
    assert merged(signatures(b"b"), other) is None
    assert merged(signatures(b"b"), ours, tag=TAG.replace(".sig", ".sbom")) is None
    done = run(put_kept_tag("app", ours, TAG, blob), get(other))
    assert done == ("left out", "the target has something else under this tag, which is kept")
