"""Frames: documented columns and dtypes, the same when there are no rows."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pandas
import pytest

import ocinb
from ocinb.client.several.shared import LayerTable
from ocinb.display import faces, frames
from ocinb.drawable import Drawable
from ocinb.layers.inspecting.os_release import OsRelease
from ocinb.layers.inspecting.packages.found import PackageList
from ocinb.layers.inspecting.permissions import PermissionReport
from ocinb.oci.config import parse_config
from ocinb.oci.descriptor import EMPTY
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.protocol import endpoints
from ocinb.protocol.capabilities import Capabilities
from ocinb.protocol.catalog import CatalogList
from ocinb.protocol.copying.copied import CopyNode, CopyPlan
from ocinb.protocol.delete import Deleted
from ocinb.protocol.messages import Request, Response, Step
from ocinb.protocol.ping import Ping
from ocinb.protocol.push import Pushed
from ocinb.protocol.referring.referrers import ReferrerList
from ocinb.protocol.sizes import TagSizes
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.tags import TagList
from ocinb.protocol.uploads.session import UploadSession
from ocinb.storage.memory import MemoryStore
from tests.display.values import (
    Say,
    capabilities,
    every,
    files,
    first,
    installed,
    permissions,
    several,
    sizes,
    treemap,
)

APP = ocinb.sample.app()
IMAGE, MANIFEST, CONFIG = first(APP)
SEVERAL = dict(several(Say("x")))
PUSHED = Pushed(EMPTY, ("v1",), ((EMPTY, "uploaded"),))


def walk(steps: int) -> Stepper[None]:
    step = Step("Ask", Request("GET", "/v2/"), endpoints.PING)

    def talk():
        for _ in range(steps):
            yield step

    found = Stepper(talk(), lambda _: Response(200))
    while found.waiting:
        found.step()
    return found


def stored() -> MemoryStore:
    store = MemoryStore()
    store.put_manifest(b"{}", EMPTY, ["v1"])
    return store


FULL_AND_EMPTY: list[tuple[frames.Schema, Drawable, Drawable]] = [
    (frames.INDEX, APP.index, Index.of([])),
    (frames.MANIFEST, MANIFEST, Manifest.of(EMPTY, [])),
    (frames.HISTORY, CONFIG, parse_config(b"{}")),
    (frames.TAG, TagList("a", ("v1",)), TagList("a")),
    (frames.EXCHANGE, walk(2), walk(0)),
    (frames.PUSHED, PUSHED, Pushed(EMPTY, (), ())),
    (
        frames.COPY,
        CopyPlan("a", "b", (), (CopyNode(EMPTY, "asked for", None, "copied"),)),
        CopyPlan("a", "b", (), ()),
    ),
    (frames.REFERRER, ReferrerList(EMPTY.digest, (EMPTY,)), ReferrerList(EMPTY.digest)),
    (frames.CAPABILITY, capabilities(Say("x")), Capabilities("r", Ping(200))),
    (frames.REPOSITORY, CatalogList("r", ("a",)), CatalogList("r")),
    (frames.SESSION, UploadSession("/u", EMPTY.digest, 2), UploadSession("/u", None, None)),
    (frames.FILE, files(Say("x")), files(Say("x"))[:0]),
    (frames.TREEMAP, treemap(Say("x")), files(Say("x")).treemap()),
    (frames.SIZE, sizes(Say("x")), TagSizes("a")),
    (frames.PACKAGE, installed(Say("x")), PackageList()),
    (frames.OS_RELEASE, OsRelease("p", {"ID": "x"}), OsRelease("p")),
    (frames.FINDING, permissions(Say("x")), PermissionReport()),
    (frames.FOUND, SEVERAL["Findings"], SEVERAL["empty Findings"]),
    (frames.SHARED_LAYER, SEVERAL["LayerTable"], LayerTable(())),
    (frames.DELETED, Deleted("tag", "v1", None, True), Deleted("tag", "v1")),
    (frames.STORED, stored(), MemoryStore()),
    (frames.HEADER, Request("GET", "/", {"accept": "x"}), Request("GET", "/")),
    (frames.REPOSITORY, ocinb.Registry(ocinb.sample.school()), ocinb.Registry("ghcr.io")),
]


def dtypes(frame: pandas.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in frame.dtypes.items()}


@pytest.mark.parametrize(("schema", "full", "empty"), FULL_AND_EMPTY)
def test_columns_and_dtypes_are_those_of_the_schema_empty_or_full(
    schema: frames.Schema, full: Drawable, empty: Drawable
):
    assert len(full.to_frame()) > 0
    assert dtypes(full.to_frame()) == dict(schema)
    assert dtypes(empty.to_frame()) == dict(schema)
    assert isinstance(empty.to_frame().index, pandas.RangeIndex)
    assert isinstance(full.to_frame().index, pandas.RangeIndex)


def test_every_value_has_a_frame_and_the_same_rows_as_dicts():
    for name, value in every(Say("x")):
        frame, records = value.to_frame(), value.records()
        assert list(frame.columns) == list(records[0]) if records else True, name
        assert len(frame) == len(records), name
        assert set(dtypes(frame).values()) <= {
            frames.TEXT, frames.BYTES, frames.TIME, frames.MAYBE_NUMBER, frames.MAYBE_TRUE,
            frames.SECONDS, "bool",
        }, name  # fmt: skip


def test_one_thing_is_one_row_of_what_many_are():
    assert dtypes(CONFIG.history[0].to_frame()) == dtypes(CONFIG.to_frame())
    assert dtypes(walk(1).taken[0].to_frame()) == dtypes(walk(1).to_frame())
    assert len(CONFIG.history[0].to_frame()) == 1


def test_an_index_has_one_row_for_each_image_with_its_attestations_counted():
    frame = APP.to_frame()
    assert list(frame["platform"]) == ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"]
    assert list(frame["attestations"]) == [1, 1, 1]
    assert frame["digest"][0] == APP.index.images[0].digest
    assert frame["total_bytes"][0] == MANIFEST.total_size
    assert APP.index.to_frame()["total_bytes"].isna().all()


def test_a_manifest_has_a_row_for_its_config_and_each_layer():
    frame = MANIFEST.to_frame()
    assert list(frame["role"]) == ["config", "layer", "layer", "layer"]
    assert frame["position"].isna()[0]
    assert list(frame["position"][1:]) == [0, 1, 2]
    assert frame["size_bytes"].sum() + MANIFEST.size == MANIFEST.total_size


def test_history_says_which_steps_left_layers():
    frame = CONFIG.to_frame()
    assert list(frame["layer"].dropna()) == [0, 1, 2]
    assert frame["empty_layer"].sum() == 7
    assert frame["instruction"][3] == "RUN apk add --no-cache runtime ca-certificates"
    assert str(frame["created"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize("year", [1, 1970, 2026, 9999])
def test_times_of_any_year_have_their_dtype(year: int):
    when = datetime(year, 1, 1, tzinfo=UTC).isoformat()
    raw = b'{"history":[{"created":"%s"},{}]}' % when.encode()
    created = parse_config(raw).to_frame()["created"]
    assert str(created.dtype) == "datetime64[us, UTC]"
    assert created[0].year == year
    assert pandas.isna(created[1])


def test_what_is_known_of_the_whole_stands_in_attrs():
    frame = TagList("a/b", ("x",), 3, False).to_frame()
    assert frame.attrs == {"repository": "a/b", "complete": "False", "pages": "3"}


def test_records_need_no_pandas():
    check = (
        "import sys, ocinb; rows = ocinb.sample.app().index.records(); "
        "assert len(rows) == 3; assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)


def test_an_error_says_what_happened_in_columns():
    error = ocinb.errors.NotFound(404, "MANIFEST_UNKNOWN", "no", method="GET", url="/v2/x",
                                  hints=["a", "b"])  # fmt: skip
    row = error.to_frame().iloc[0].to_dict()
    assert row["error"] == "NotFound"
    assert row["status"] == 404
    assert row["code"] == "MANIFEST_UNKNOWN"
    assert row["hints"] == "a\nb"


def test_a_large_index_is_a_frame_at_once():
    """Attestations are sorted to their images in one go, not for each image anew."""
    import time

    from tests.display.test_documents import many

    index = many(2_000)
    begun = time.perf_counter()
    assert len(faces.records(index)) == 2_000
    assert time.perf_counter() - begun < 2
