"""The table of endpoints is the spec's (§1.0)."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from ocinb.oci.digest import Digest
from ocinb.protocol import endpoints
from ocinb.protocol.endpoints import ENDPOINTS

DIGEST = Digest.of(b"")
TABLE = """
end-1   GET        /v2/                                   200      404/401
end-2   GET/HEAD   /v2/<name>/blobs/<digest>              200      404
end-3   GET/HEAD   /v2/<name>/manifests/<reference>       200      404
end-4a  POST       /v2/<name>/blobs/uploads/              202      404
end-4b  POST       /v2/<name>/blobs/uploads/              201/202  404/400
end-4c  POST       /v2/<name>/blobs/uploads/              201/202  404/400
end-5   PATCH      /v2/<name>/blobs/uploads/<session>     202      404/416
end-6   PUT        /v2/<name>/blobs/uploads/<session>     201      404/400/416
end-7a  PUT        /v2/<name>/manifests/<reference>       201      404/413
end-7b  PUT        /v2/<name>/manifests/<reference>       201      404/413
end-8a  GET        /v2/<name>/tags/list                   200      404
end-8b  GET        /v2/<name>/tags/list                   200      404
end-9   DELETE     /v2/<name>/manifests/<reference>       202      404/400/405
end-10  DELETE     /v2/<name>/blobs/<digest>              202      404/400/405
end-11  POST       /v2/<name>/blobs/uploads/              201/202  404
end-12a GET        /v2/<name>/referrers/<digest>          200      404/400
end-12b GET        /v2/<name>/referrers/<digest>          200      404/400
end-13  GET        /v2/<name>/blobs/uploads/<session>     204      404
end-14  DELETE     /v2/<name>/blobs/uploads/<session>     204      404/400
"""
ROWS = [
    (ident, method, template, success, failure)
    for ident, methods, template, success, failure in map(str.split, TABLE.strip().splitlines())
    for method in methods.split("/")
]


@pytest.mark.parametrize(("ident", "method", "template", "success", "failure"), ROWS)
def test_each_row_of_the_spec_is_an_endpoint(ident, method, template, success, failure):
    (found,) = [row for row in ENDPOINTS if (row.id, row.method) == (ident, method)]
    assert found.template == template
    assert set(found.success) >= set(map(int, success.split("/")))  # end-2 has 206 for ranges, too
    assert set(found.failure) >= set(map(int, failure.split("/")))
    assert urlsplit(found.link).fragment == found.section != ""
    assert found.purpose
    assert found.since in ("1.0", "1.1", "1.2")
    assert repr(found) == f"<{ident} {method} {template}>"


def test_there_are_no_other_endpoints():
    assert len(ENDPOINTS) == len(ROWS)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda row: f"{row.id} {row.method}")
def test_a_path_is_read_back_as_the_places_it_was_made_of(endpoint):
    places = {
        "name": "a/b-c/d__e.f",
        "digest": str(DIGEST),
        "reference": "v1.0_x-y",
        "session": "0b3f.x-y",
    }
    there = {name: value for name, value in places.items() if f"<{name}>" in endpoint.template}
    path = endpoint.path(**there)
    match = endpoint.pattern.fullmatch(path)
    assert match is not None
    assert match.groupdict() == there
    assert not endpoint.pattern.fullmatch(f"/x{path}")


def test_a_query_is_encoded_behind_the_path():
    path = endpoints.LIST_TAGS.path({"n": "5", "last": "a b&c=d"}, name="demo")
    assert path == "/v2/demo/tags/list?n=5&last=a+b%26c%3Dd"
    assert endpoints.MOUNT_BLOB.path({"mount": str(DIGEST), "from": "a/b"}, name="demo") == (
        f"/v2/demo/blobs/uploads/?mount={DIGEST}&from=a/b"
    )
    assert endpoints.PING.path({}) == "/v2/"


def test_what_was_not_checked_cannot_leave_its_place_in_the_path():
    """K-14: a second line of defence; conversations check before."""
    path = endpoints.GET_MANIFEST.path(name="a", reference="x?y#z\r\nHost: é")
    assert path == "/v2/a/manifests/x%3Fy%23z%0D%0AHost:%20%C3%A9"


def test_what_is_no_part_of_the_spec_is_not_in_its_table_and_links_to_where_it_is():
    assert endpoints.CATALOG not in ENDPOINTS
    assert endpoints.CATALOG.link.startswith("https://distribution.github.io/")
    assert endpoints.CATALOG.pattern.fullmatch("/v2/_catalog")
