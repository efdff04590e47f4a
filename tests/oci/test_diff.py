"""What documents say differently: fields, histories, layers, platforms."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.errors import InvalidReference, NotSupported
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.config import ImageConfig, parse_config
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.diffs.aligning import align
from ocinb.oci.diffs.fields import FieldsDiff
from ocinb.oci.diffs.history import diff_history
from ocinb.oci.diffs.layers import LayersDiff, diff_layers
from ocinb.oci.diffs.regard import Regard
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.oci.platform import Platform


def config(**fields: Any) -> ImageConfig:
    return parse_config(json.dumps(fields).encode())


def running(**fields: Any) -> ImageConfig:
    return config(config=fields)


def told(diff: FieldsDiff) -> list[tuple[str, str, Any, Any]]:
    return [(each.name, each.kind, each.before, each.after) for each in diff]


def layer(content: bytes) -> Descriptor:
    return Descriptor.of(content, media_types.LAYER_GZIP)


def test_environment_is_compared_variable_by_variable():
    diff = running(Env=["A=1", "B=2", "C=3"]).diff(running(Env=["A=1", "B=x", "D=4"]))
    assert told(diff) == [
        ("config.Env.B", "changed", "2", "x"),
        ("config.Env.C", "removed", "3", None),
        ("config.Env.D", "added", None, "4"),
    ]
    assert diff.counts == {"added": 1, "removed": 1, "changed": 1}
    assert diff["config.Env.B"].after == "x"
    assert "config.Env.A" not in diff


def test_the_order_of_the_environment_counts_unless_it_is_overlooked():
    one, other = running(Env=["A=1", "B=2"]), running(Env=["B=2", "A=1"])
    assert [each.name for each in one.diff(other)] == ["config.Env[order]"]
    assert one.diff(other, order=False).same


def test_every_field_is_compared_also_those_of_no_spec():
    before = config(
        architecture="amd64", os="linux", config={"User": "a", "ExposedPorts": {"80/tcp": {}}},
        strange={"deep": [1, 2]},
    )  # fmt: skip
    after = config(
        architecture="arm64", os="linux", config={"Labels": {"a.b": "c"}, "User": "a"},
        strange={"deep": [1, True]},
    )  # fmt: skip
    assert {each.name: each.kind for each in before.diff(after)} == {
        "architecture": "changed",
        'config.ExposedPorts["80/tcp"]': "removed",
        'config.Labels["a.b"]': "added",
        "strange.deep": "changed",
    }


def test_true_is_not_one_and_null_is_nothing():
    assert told(config(a=True).diff(config(a=1))) == [("a", "changed", True, 1)]
    assert config(a={"b": True}).diff(config(a={"b": 1}))
    assert config(a=None).diff(config()).same


def test_times_of_creation_can_be_overlooked_wherever_they_are_repeated():
    def made(when: str) -> ImageConfig:
        labels = {keys.CREATED: when, "org.label-schema.build-date": when}
        return config(created=when, config={"Labels": labels}, history=[{"created": when}])

    one, other = made("2020-01-01T00:00:00Z"), made("2021-01-01T00:00:00Z")
    assert len(one.diff(other)) == 4
    assert one.diff(other, created=False).same
    assert one.diff(other, semantic=True).same
    assert len(one.diff(other, semantic=True, created=True)) == 4


def test_a_document_in_other_bytes_says_the_same_and_is_not_identical():
    one = parse_config(b'{"os":"linux","architecture":"amd64"}')
    other = parse_config(b'{ "architecture": "amd64", "os": "linux" }')
    assert one.diff(other).same
    assert not one.diff(other).identical
    assert one.diff(one).identical
    assert not one.diff(other)


def test_a_switch_that_there_is_not_is_refused():
    with pytest.raises(TypeError, match=r"'colour'.*times, created, order"):
        config().diff(config(), colour=True)  # type: ignore[call-arg]


def test_manifests_are_compared_with_their_layers_aligned():
    base, old, new = layer(b"base"), layer(b"old"), layer(b"newer")
    config = Descriptor.of(b"{}", media_types.CONFIG)
    before = Manifest.of(config, [base, old], annotations={"k": "v"})
    after = Manifest.of(config, [layer(b"first"), base, new], annotations={"k": "w"})
    found = {each.name: each.kind for each in before.diff(after)}
    assert found["annotations.k"] == "changed"
    assert found["layers[0].digest"] == "added"
    assert found["layers[1→2].digest"] == "changed"
    assert not any(name.startswith("layers[0→1]") for name in found)


def test_names_of_images_are_overlooked_with_names_off():
    config = Descriptor.of(b"{}", media_types.CONFIG)
    one, other = (
        Manifest.of(config, [], annotations={keys.REF_NAME: name}) for name in ("v1", "v2")
    )
    assert len(one.diff(other)) == 1
    assert one.diff(other, names=False).same


def test_histories_stand_side_by_side_step_by_step():
    def made(*steps: tuple[str, str]) -> ImageConfig:
        history = [{"created_by": by, "created": at, "empty_layer": False} for by, at in steps]
        diff_ids = [f"sha256:{n:064x}" for n in range(len(steps))]
        return config(history=history, rootfs={"diff_ids": diff_ids})

    when, later = "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"
    before = made(("FROM", when), ("RUN a", when), ("CMD", when))
    after = made(("FROM", when), ("RUN b", when), ("COPY", when), ("CMD", later))
    diff = diff_history(before, after, Regard())
    assert [(each.status, each.before_layer, each.after_layer) for each in diff] == [
        ("same", 0, 0), ("changed", 1, 1), ("only in b", None, 2), ("changed", 2, 3),
    ]  # fmt: skip
    assert [each.aspects for each in diff.changes] == [("created by",), (), ("created",)]
    lenient = diff_history(before, after, Regard(created=False))
    assert lenient.rows[3].status == "same"


def layers_diff(a: list[Descriptor], b: list[Descriptor], ids: Any = ((), ())) -> LayersDiff:
    return diff_layers(a, b, ("a", "b"), ids)


def test_layers_share_a_base_and_say_how_many_bytes_that_is():
    base, old, new, moved = (layer(each) for each in (b"base", b"old", b"newer", b"moved!"))
    diff = layers_diff([base, moved, old], [base, new, moved])
    assert (diff.common, diff.shared_bytes, diff.a_bytes, diff.b_bytes) == (1, 10, 3, 5)
    assert [each.status for each in diff] == ["same", "only in b", "same", "only in a"]
    assert not diff.same


def test_a_layer_in_another_place_is_said_to_be_elsewhere():
    one, other = layer(b"one"), layer(b"other")
    diff = layers_diff([one, other], [other, one])
    away = [each for each in diff if each.elsewhere]
    assert sorted(each.status for each in away) == ["only in a", "only in b"]
    assert diff.shared_bytes == one.size + other.size


def test_a_layer_that_was_compressed_anew_is_the_same_archive():
    packed, again = layer(b"gzip"), layer(b"zstd, as it were")
    archive = Descriptor.of(b"tar", media_types.LAYER).digest
    diff = layers_diff([packed], [again], ((archive,), (archive,)))
    assert diff.counts == {"same archive": 1}
    assert layers_diff([packed], [again]).counts == {"changed": 1}


def entry(content: bytes, platform: str) -> Descriptor:
    return Descriptor.of(content, media_types.MANIFEST, platform=Platform.parse(platform))


def attestation(of: Descriptor, content: bytes) -> Descriptor:
    said = {keys.REFERENCE_TYPE: keys.ATTESTATION_MANIFEST, keys.REFERENCE_DIGEST: str(of.digest)}
    unknown = Platform("unknown", "unknown")
    return Descriptor.of(content, media_types.MANIFEST, platform=unknown, annotations=said)


def test_two_indexes_are_a_matrix_of_platforms():
    amd, arm, s390 = (
        entry(b"1", "linux/amd64"),
        entry(b"2", "linux/arm64"),
        entry(b"3", "linux/s390x"),
    )
    new = entry(b"newer", "linux/arm64/v8")  # which is another way to write the same
    diff = Index.of([amd, arm, s390]).diff(Index.of([amd, new, entry(b"4", "linux/386")]))
    assert {each.label: each.status for each in diff} == {
        "linux/amd64": "same", "linux/arm64": "changed", "linux/s390x": "only in a",
        "linux/386": "only in b",
    }  # fmt: skip
    assert list(map(str, diff.platforms)) == ["linux/amd64", "linux/arm64"]
    assert len(diff.changes) == 3
    assert not diff.same


def test_attestations_are_compared_apart_from_images():
    image = entry(b"1", "linux/amd64")
    one = Index.of([image, attestation(image, b"sbom")])
    other = Index.of([image, attestation(image, b"another")])
    row = one.diff(other).rows[0]
    assert (row.status, row.attestations) == ("same", "changed")
    assert not one.diff(other).same
    assert one.diff(Index.of([image])).rows[0].attestations == "only in a"
    assert one.diff(one).rows[0].attestations == "same"
    orphan = attestation(entry(b"gone", "linux/386"), b"x")
    assert one.diff(Index.of([*one.manifests, orphan])).counts == {"same": 1, "only in b": 1}


def test_the_order_of_an_index_counts_unless_it_is_overlooked():
    amd, arm = entry(b"1", "linux/amd64"), entry(b"2", "linux/arm64")
    one, other = Index.of([amd, arm]), Index.of([arm, amd])
    assert [each.name for each in one.diff(other).fields] == ["manifests[order]"]
    assert one.diff(other, order=False).same


def test_the_images_of_two_lone_indexes_cannot_be_had():
    diff = Index.of([entry(b"1", "linux/amd64")]).diff(Index.of([entry(b"2", "linux/amd64")]))
    with pytest.raises(NotSupported, match="indexes alone"):
        diff["linux/amd64"]
    with pytest.raises(InvalidReference, match="there are: linux/amd64"):
        diff["linux/riscv64"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["config", "Env", "history", "rootfs", "diff_ids", "x", "created"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.sampled_from(["config", "history", "rootfs", "y"]), JSON, max_size=4)


@given(OBJECTS, OBJECTS)
def test_a_diff_is_the_mirror_of_the_other_way_round(one: dict[str, Any], other: dict[str, Any]):
    a, b = config(**one), config(**other)
    there = [(each.kind, each.before, each.after) for each in a.diff(b)]
    back = [(each.kind, each.after, each.before) for each in b.diff(a)]
    swapped = {"added": "removed", "removed": "added", "changed": "changed"}
    key = repr
    assert sorted(there, key=key) == sorted(((swapped[k], x, y) for k, x, y in back), key=key)
    assert a.diff(a).same
    assert config(**json.loads(a.raw)).diff(a).same


@given(
    st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30)
)
def test_all_of_both_sides_stands_in_the_rows_once_and_in_order(a: list[str], b: list[str]):
    rows = align(a, b)
    assert [a[row.a] for row in rows if row.a is not None] == a
    assert [b[row.b] for row in rows if row.b is not None] == b
    for row in rows:
        both = row.a is not None and row.b is not None
        assert row.equal == (both and a[row.a or 0] == b[row.b or 0])
    assert [(row.b, row.a, row.equal) for row in align(b, a)] == [
        (row.a, row.b, row.equal) for row in rows
    ]
    assert all(row.equal for row in align(a, a))


def test_hostile_sequences_are_aligned_in_no_time():
    one, other = [*"ab" * 20_000], [*"ba" * 20_000]
    assert len(align(one, other)) < 80_001
    many = [str(n) for n in range(40_000)]
    assert sum(row.equal for row in align(many, many[::-1])) == 1
