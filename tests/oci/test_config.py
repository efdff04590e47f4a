"""Image configs are read leniently, and say what could not be read (F-M9)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.errors import InvalidContent
from ocinb.oci.config import HistoryEntry, ImageConfig, parse_config, parse_time
from ocinb.oci.digest import Digest
from ocinb.oci.media_types import CONFIG, DOCKER_CONFIG
from ocinb.oci.platform import Platform
from ocinb.text import human_size

WHOLE = {
    "created": "2024-05-01T12:00:00.123456789Z",
    "author": "somebody",
    "architecture": "arm64",
    "variant": "v8",
    "os": "linux",
    "config": {
        "User": "65532",
        "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
        "Env": ["PATH=/bin", "A="],
        "Entrypoint": ["/app"],
        "Cmd": ["--help"],
        "Volumes": {"/data": {}},
        "WorkingDir": "/srv",
        "Labels": {"a": "b", "empty": ""},
        "StopSignal": "SIGTERM",
        "Healthcheck": {"Test": ["NONE"]},
    },
    "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b"1")), str(Digest.of(b"2"))]},
    "history": [
        {"created": "2024-05-01T12:00:00Z", "created_by": "ADD rootfs", "comment": "buildkit"},
        {"created_by": "ENV A=", "empty_layer": True},
        {"created_by": "RUN make", "author": "somebody"},
    ],
}


def read(**changes) -> ImageConfig:
    return parse_config(json.dumps({**WHOLE, **changes}).encode())


def test_a_config_tells_platform_process_and_layers():
    found = read()
    assert found.platform == Platform("linux", "arm64", "v8")
    assert found.created == datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
    assert (found.author, found.user, found.working_dir) == ("somebody", "65532", "/srv")
    assert (found.env, found.entrypoint, found.cmd) == (("PATH=/bin", "A="), ("/app",), ("--help",))
    assert (found.exposed_ports, found.volumes) == (("8080/tcp", "53/udp"), ("/data",))
    assert (found.labels, found.stop_signal) == ({"a": "b", "empty": ""}, "SIGTERM")
    assert found.diff_ids == (Digest.of(b"1"), Digest.of(b"2"))
    assert [entry.created_by for entry in found.history] == ["ADD rootfs", "ENV A=", "RUN make"]
    assert [entry.empty_layer for entry in found.history] == [False, True, False]
    assert found.problems == ()


def test_its_bytes_are_kept_and_unknown_fields_with_them():
    raw = json.dumps({**WHOLE, "docker_version": "1"}, indent=5).encode()
    found = parse_config(raw, DOCKER_CONFIG)
    assert (found.raw, found.digest, found.media_type) == (raw, Digest.of(raw), DOCKER_CONFIG)
    assert found.json["docker_version"] == "1"
    assert parse_config(raw).media_type == CONFIG
    assert repr(found) == f"<ImageConfig {found.digest.short} {human_size(len(raw))}>"


@pytest.mark.parametrize("raw", [b"{}", b'{"config":null,"rootfs":null,"history":null}'])
def test_a_config_may_say_nothing_at_all(raw):
    found = parse_config(raw)
    assert found.problems == ()
    assert (found.created, found.env, found.diff_ids, found.history) == (None, (), (), ())


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b'{"os":1,"os":2}', b"[" * 1_000])
def test_what_is_no_object_is_no_config(raw):
    with pytest.raises(InvalidContent, match="the image config"):
        parse_config(raw)


ODD: list[tuple[dict[str, object], str]] = [
    ({"created": "9999-99-99"}, "created"),
    ({"created": 5}, "created"),
    ({"created": ""}, "created"),
    ({"author": {}}, "author"),
    ({"os": 5}, "os"),
    ({"architecture": []}, "architecture"),
    ({"variant": 8}, "variant"),
    ({"os.version": 10.0}, "os.version"),
    ({"config": []}, "config"),
    ({"config": "x"}, "config"),
    ({"config": {"Env": "A=b"}}, "Env"),
    ({"config": {"Env": ["A=b", 5, None]}}, "Env"),
    ({"config": {"Cmd": {"a": 1}}}, "Cmd"),
    ({"config": {"Entrypoint": [["/app"]]}}, "Entrypoint"),
    ({"config": {"User": 0}}, "User"),
    ({"config": {"Labels": {"a": 1, "b": "c"}}}, "Labels"),
    ({"config": {"Labels": ["a=b"]}}, "Labels"),
    ({"config": {"ExposedPorts": ["80/tcp"]}}, "ExposedPorts"),
    ({"config": {"Volumes": "/data"}}, "Volumes"),
    ({"rootfs": []}, "rootfs"),
    ({"rootfs": {"diff_ids": {}}}, "diff_ids"),
    ({"rootfs": {"diff_ids": ["sha256:x"]}}, "diff_ids"),
    ({"rootfs": {"diff_ids": [None]}}, "diff_ids"),
    ({"history": {}}, "history"),
    ({"history": [None, {}]}, "history"),
    ({"history": [{"created_by": ["RUN"]}]}, "created_by"),
    ({"history": [{"empty_layer": "true"}]}, "empty_layer"),
    ({"history": [{"created": "yesterday"}]}, "created"),
]


@pytest.mark.parametrize(("changes", "problem"), ODD)
def test_a_field_that_is_not_what_the_spec_says_counts_as_absent_and_is_named(changes, problem):
    assert read(**changes).problems == (problem,)


def test_what_can_be_read_of_an_odd_list_is_kept():
    found = read(config={"Env": ["A=b", 5], "Labels": {"a": 1, "b": "c"}}, history=[None, {}])
    assert (found.env, found.labels, found.history) == (("A=b",), {"b": "c"}, (HistoryEntry(),))


def test_each_problem_is_named_once_however_often_it_occurs():
    assert read(history=[{"created": 5, "comment": 5}] * 1_000).problems == ("created", "comment")


def aligned(config: ImageConfig, layers: int) -> list[tuple[str, int | None]]:
    return [(entry.created_by if entry else "?", at) for entry, at in config.steps(layers)]


def test_history_stands_beside_the_layers_it_made():
    assert aligned(read(), 2) == [("ADD rootfs", 0), ("ENV A=", None), ("RUN make", 1)]


def test_history_shorter_than_the_layers_leaves_layers_nobody_speaks_of():
    """F-M9."""
    assert aligned(read(), 4)[3:] == [("?", 2), ("?", 3)]
    assert aligned(read(history=[]), 2) == [("?", 0), ("?", 1)]


def test_history_longer_than_the_layers_leaves_steps_without_one():
    """F-M9."""
    assert aligned(read(), 1) == [("ADD rootfs", 0), ("ENV A=", None), ("RUN make", None)]
    assert aligned(read(), 0) == [("ADD rootfs", None), ("ENV A=", None), ("RUN make", None)]


@given(st.lists(st.booleans(), max_size=12), st.integers(0, 12))
def test_every_step_and_every_layer_appears_once_and_in_order(empty, layers):
    config = read(history=[{"created_by": str(n), "empty_layer": e} for n, e in enumerate(empty)])
    steps = config.steps(layers)
    assert [entry for entry, _ in steps if entry] == list(config.history)
    assert [at for _, at in steps if at is not None] == list(range(layers))
    assert all(entry is None or not entry.empty_layer or at is None for entry, at in steps)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-01T12:00:00Z", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01T12:00:00.1Z", datetime(2024, 5, 1, 12, 0, 0, 100_000, tzinfo=UTC)),
        ("2024-05-01T12:00:00.123456789Z", datetime(2024, 5, 1, 12, 0, 0, 123_456, tzinfo=UTC)),
        (
            "2024-05-01T12:00:00.999999999+02:00",
            datetime(2024, 5, 1, 10, 0, 0, 999_999, tzinfo=UTC),
        ),
        ("2024-05-01T12:00:00-07:30", datetime(2024, 5, 1, 19, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_times_are_read_to_the_microsecond(text, moment):
    found = parse_time(text)
    assert found == moment
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "odd",
    [
        None, 5, "", "yesterday", "9999-99-99", "2024-05-01", "2024-05-01T12:00:00",
        "2024-05-01T12:00:00.123456789", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z",
        "2024-05-01T25:00:00Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "2024-05-01T12:00:00." + "1" * 99 + "Z",
        "2024-05-01T12:00:00+99:99", "２０２４-05-01T12:00:00Z", "2024-05-01T12:00:00Z\n\n\n",
        "\x1b[2J2024-05-01T12:00:00Z",
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(odd):
    assert parse_time(odd) is None


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))])))
def test_any_time_written_is_read_back(moment):
    read_back = parse_time(moment.isoformat())
    try:
        assert read_back == moment.astimezone(UTC)
    except OverflowError:
        assert read_back is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*WHOLE, "os.features"]), JSON))
def test_no_object_is_too_odd_to_be_looked_at(value):
    """F-M9: never raises."""
    found = parse_config(json.dumps(value).encode())
    assert set(found.problems) <= {*WHOLE, *WHOLE["config"], "diff_ids", "os.version"}
    found.steps(3)
