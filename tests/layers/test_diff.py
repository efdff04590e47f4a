"""What two layers, file systems and images hold differently."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ocinb
from ocinb.errors import DigestMismatch, InvalidReference, NotSupported
from ocinb.layers.diffs.files import FilesDiff
from ocinb.layers.diffs.images import ImageDiff
from ocinb.layers.diffs.packages import diff_packages
from ocinb.layers.diffs.texts import ContentDiff, diff_content
from ocinb.layers.diffs.versions import newer
from ocinb.layers.files import FileList
from ocinb.layers.inspecting.packages.found import Package
from ocinb.layers.looking.content import Content
from ocinb.oci.digest import Digest
from tests.layers.archives import END, entry, gzipped, pax


def member(name: str, content: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(content), 1_000_000_000
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def listed(*members: tuple[tarfile.TarInfo, bytes]) -> FileList:
    return ocinb.list_layer(gzipped(archive(*members)))


def told(diff: FilesDiff) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {each.path: (each.kind, each.aspects) for each in diff}


LINK = {"type": tarfile.SYMTYPE}
BEFORE = listed(
    member("same", b"same"), member("gone", b"gone"), member("content", b"one"),
    member("size", b"short"), member("mode", mode=0o644), member("owner", uid=1),
    member("names", uname="root"), member("time"), member("target", linkname="a", **LINK),
    member("type"), member("attributes", pax_headers={"SCHILY.xattr.user.a": "1"}),
)  # fmt: skip
AFTER = listed(
    member("same", b"same"), member("come", b"come"), member("content", b"two"),
    member("size", b"longer"), member("mode", mode=0o755), member("owner", uid=2),
    member("names", uname="toor"), member("time", mtime=1), member("target", linkname="b", **LINK),
    member("type", type=tarfile.DIRTYPE),
    member("attributes", pax_headers={"SCHILY.xattr.user.a": "2"}),
)  # fmt: skip


def test_every_kind_of_change_is_found_and_named():
    diff = BEFORE.diff(AFTER)
    assert told(diff) == {
        "gone": ("removed", ()), "come": ("added", ()), "content": ("changed", ("content",)),
        "size": ("changed", ("size", "content")), "mode": ("changed", ("mode",)),
        "owner": ("changed", ("owner",)), "names": ("changed", ("names",)),
        "time": ("changed", ("time",)), "target": ("changed", ("target",)),
        "type": ("changed", ("type",)), "attributes": ("changed", ("attributes",)),
    }  # fmt: skip
    assert diff.counts == {"changed": 9, "added": 1, "removed": 1}
    assert (diff.compared, diff.unread, diff.reordered) == (10, (), 0)
    assert diff["content"].before_digest == Digest.of(b"one")
    assert diff.grown == 1
    assert bool(diff)


@pytest.mark.parametrize(
    ("switch", "path"), [("times", "time"), ("owners", "owner"), ("names", "names")]
)
def test_each_switch_overlooks_one_thing_and_no_other(switch: str, path: str):
    whole, less = told(BEFORE.diff(AFTER)), told(BEFORE.diff(AFTER, **{switch: False}))
    assert whole.keys() - less.keys() == {path}


def test_what_is_no_image_is_refused_as_the_other_side():
    with pytest.raises(TypeError, match="not with str"):
        ocinb.Image.scratch().diff("v1")  # type: ignore[arg-type]


def test_a_report_that_has_no_folder_to_be_in_names_the_folder(tmp_path: Path):
    diff = ocinb.Image.scratch().diff(ocinb.Image.scratch())
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere$"):
        diff.report(tmp_path / "nowhere" / "x.html")


def test_semantic_overlooks_times_order_and_names_but_not_owners():
    left = told(BEFORE.diff(AFTER, semantic=True))
    assert told(BEFORE.diff(AFTER)).keys() - left.keys() == {"time", "names"}
    assert "time" in told(BEFORE.diff(AFTER, semantic=True, times=True))


def test_without_contents_nothing_is_read_and_size_decides():
    poured: list[int] = []

    def counted(content: bytes) -> FileList:
        def pieces() -> Iterable[bytes]:
            poured.append(1)
            return [content]

        return ocinb.list_layer(pieces)

    one = counted(archive(member("x", b"one"), member("y", b"1")))
    other = counted(archive(member("x", b"two"), member("y", b"22")))
    poured.clear()
    assert told(one.diff(other, contents=False)) == {"y": ("changed", ("size", "content"))}
    assert poured == []
    assert len(one.diff(other)) == 2
    assert len(poured) == 2  # each layer once, however many files are compared


def test_the_order_of_a_layer_counts_unless_it_is_overlooked():
    one = listed(member("a"), member("b"), member("c"))
    other = listed(member("c"), member("a"), member("b"))
    assert (len(one.diff(other)), one.diff(other).reordered) == (0, 1)
    assert not one.diff(other).same
    assert one.diff(other, order=False).same


def test_files_that_were_moved_are_found_by_their_content():
    one = listed(member("old", b"content"), member("other", b"removed"))
    other = listed(member("new", b"content", mode=0o600), member("more", b"added!!"))
    diff = one.diff(other, contents=True)
    assert told(diff) == {
        "new": ("moved", ("mode",)), "other": ("removed", ()), "more": ("added", ()),
    }  # fmt: skip
    assert diff["new"].moved_from == "old"
    assert diff.moved[0].before_digest == Digest.of(b"content")
    assert one.diff(other).moved == ()


def test_of_a_path_that_comes_again_the_last_counts():
    one = listed(member("a", b"1"), member("a", b"2"))
    assert told(one.diff(listed(member("/a", b"2")))) == {}


def test_links_are_compared_as_they_are_and_not_followed():
    one = listed(member("bin", linkname="usr/bin", **LINK), member("usr/bin/sh", b"x"))
    other = listed(member("bin", type=tarfile.DIRTYPE), member("bin/sh", b"x"))
    diff = one.diff(other)
    assert told(diff)["bin/sh"] == ("added", ())
    assert told(diff)["bin"] == ("changed", ("type", "target"))


def test_a_layer_is_the_same_as_itself_however_it_is_packed():
    content = archive(member("a", b"1"))
    one, other = ocinb.list_layer(content), ocinb.list_layer(gzipped(content))
    diff = one.diff(other)
    assert diff.identical
    assert diff.same
    assert not diff


def test_sparse_files_without_a_map_are_not_said_to_be_the_same():
    map_of_none = {"GNU.sparse.size": b"700", "GNU.sparse.map": b"rubbish"}
    sparse = pax(**map_of_none) + entry(b"hole", b"x" * 512)
    one = ocinb.list_layer(sparse + entry(b"a") + END)
    other = ocinb.list_layer(sparse + entry(b"b") + END)
    diff = one.diff(other)
    assert diff.unread == ("hole",)
    assert set(told(diff)) == {"a", "b"}
    assert one.diff(ocinb.list_layer(sparse + entry(b"a") + END + END), order=False).unread == (
        "hole",
    )


def test_a_layer_that_breaks_off_is_compared_as_far_as_it_goes_and_says_so():
    whole = archive(member("a", b"1"), member("b", b"2" * 2_000))
    one, broken = ocinb.list_layer(whole), ocinb.list_layer(whole[:2_048])
    diff = one.diff(broken)
    assert not diff.complete
    assert not diff.same
    assert broken.diff(broken).same


def test_a_layer_that_is_another_when_it_is_read_again_is_refused():
    contents = [archive(member("a", b"1")), archive(member("a", b"2"))]
    changing: Iterator[bytes] = iter(contents)
    one = ocinb.list_layer(lambda: [next(changing)])
    with pytest.raises(DigestMismatch):
        one.diff(listed(member("a", b"3")))


def test_the_content_of_a_file_stands_side_by_side():
    one = listed(member("f", b"a\nb\nc\nd\ne\nf\ng\nh\n"))
    other = listed(member("f", b"a\nB\nc\nd\ne\nf\ng\nh"))
    diff = one.diff(other).content("f")
    assert [line.kind for line in diff.lines if line.kind != "same"] == ["changed", "changed"]
    assert diff.unified.splitlines()[2:] == [
        "@@ -1,8 +1,8 @@", " a", "-b", "+B", " c", " d", " e", " f", " g", "-h", "+h",
        "\\ No newline at end of file",
    ]  # fmt: skip
    with pytest.raises(InvalidReference, match="neither"):
        one.diff(other).content("nothing")


def of(a: bytes | None, b: bytes | None) -> ContentDiff:
    def shown(raw: bytes | None) -> Content | None:
        return None if raw is None else Content("f", raw, len(raw))

    return diff_content("f", shown(a), shown(b), ("a", "b"))


LINES = st.lists(st.sampled_from(["x", "y", "z", ""]), max_size=20).map("\n".join)


@settings(deadline=None)
@given(LINES, LINES)
def test_a_unified_diff_is_what_patch_makes_the_other_of(tmp_path_factory: Any, a: str, b: str):
    import shutil
    import subprocess

    patch = shutil.which("patch")
    if patch is None:
        pytest.skip("patch is not here")
    diff = of(a.encode(), b.encode())
    assert bool(diff) == (a != b)
    assert diff.unified == "" if a == b else diff.unified
    if a != b:
        folder: Path = tmp_path_factory.mktemp("patched")
        (folder / "f").write_text(a)
        command = [patch, "-s", "-p0", str(folder / "f")]
        subprocess.run(command, input=diff.unified, text=True, check=True, timeout=30)
        left = (folder / "f").read_text() if (folder / "f").exists() else ""
        assert left == b


def test_of_what_is_no_text_the_first_byte_that_differs_is_shown():
    diff = of(bytes(100) + b"a" + bytes(50), bytes(100) + b"b" + bytes(50))
    assert (diff.is_text, diff.first_difference, diff.lines) == (False, 100, ())
    assert diff.hex[0].splitlines()[3].startswith("00000060  00 00 00 00 61")
    assert of(b"\0" * 5, b"\0" * 9).first_difference == 5
    assert of(b"\0", b"\0").same
    assert not of(b"", None).same


def test_packages_are_added_removed_upgraded_and_downgraded():
    def installed(**versions: str) -> list[Package]:
        return [Package(name, version, "amd64", "dpkg") for name, version in versions.items()]

    before = [*installed(a="1", b="1.10", c="2:1", d="1"), Package("k", "1", "amd64", "dpkg")]
    after = [*installed(a="1", b="1.9", c="2:1+b1", e="1"), Package("k", "1", "arm64", "dpkg")]
    diff = diff_packages(before, after, ("a", "b"))
    assert [(each.name, each.kind) for each in diff] == [
        ("b", "downgraded"), ("c", "upgraded"), ("d", "removed"), ("e", "added"),
        ("k", "removed"), ("k", "added"),
    ]  # fmt: skip
    assert diff.unchanged == 1
    assert diff["b"].before == ("1.10",)


@pytest.mark.parametrize(
    ("manager", "older", "later"),
    [
        ("dpkg", "1.0~rc1", "1.0"), ("dpkg", "1.0", "1.0-1"), ("dpkg", "1.9", "1.10"),
        ("dpkg", "9", "1:1"), ("dpkg", "1.0a", "1.0+"), ("dpkg", "1.0-1", "1.0-1+b1"),
        ("rpm", "1.0~rc1-1", "1.0-1"), ("rpm", "1.0-1", "1.0^git1-1"), ("rpm", "1.a", "1.1"),
        ("rpm", "1.0^git1-1", "1.0.1-1"), ("rpm", "1.9-2", "1.10-1"), ("rpm", "5", "1:1"),
        ("apk", "1.0_rc1-r0", "1.0-r0"), ("apk", "1.0-r0", "1.0-r1"), ("apk", "1.0-r9", "1.0_p1"),
        ("apk", "1.9-r0", "1.10-r0"), ("apk", "1.0_alpha2", "1.0_beta1"), ("apk", "1.0", "1.0a"),
        ("apk", "1.0_p1-r0", "1.0.1-r0"),
    ],
)  # fmt: skip
def test_versions_are_ordered_as_their_manager_orders_them(manager: str, older: str, later: str):
    assert newer(manager, older, later) > 0
    assert newer(manager, later, older) < 0
    assert newer(manager, later, later) == 0


@given(st.sampled_from(["dpkg", "rpm", "apk", "?"]), st.text(max_size=20), st.text(max_size=20))
def test_any_two_versions_can_be_compared_and_the_other_way_round(manager: str, a: str, b: str):
    assert newer(manager, a, b) == -newer(manager, b, a)


TREE = st.dictionaries(
    st.sampled_from(["a", "b", "c/d", "e"]),
    st.tuples(st.sampled_from([b"", b"1", b"2", b"33"]), st.sampled_from([0o644, 0o755])),
    max_size=4,
)


@settings(deadline=None, max_examples=50)
@given(TREE, TREE)
def test_a_diff_of_files_is_the_mirror_of_the_other_way_round(one: Any, other: Any):
    a, b = (
        listed(*(member(path, content, mode=mode) for path, (content, mode) in tree.items()))
        for tree in (one, other)
    )
    there, back = a.diff(b, contents=True), b.diff(a, contents=True)
    swap = {"added": "removed", "removed": "added", "changed": "changed", "moved": "moved"}
    mirrored = sorted((swap[each.kind], each.aspects) for each in back)
    assert sorted((each.kind, each.aspects) for each in there) == mirrored
    assert there.same == back.same
    assert a.diff(a).same
    for path in one.keys() & other.keys():
        assert (path in there) == (one[path] != other[path])


FILES = [("etc/os-release", b"ID=x\n", 0o644), ("bin/app", b"binary", 0o755)]


def image(monkeypatch: pytest.MonkeyPatch, when: int = 0, **label: str) -> ocinb.Image:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(1_000_000_000 + when))
    return ocinb.Image.scratch().add_layer(FILES).env("A", "1").label(label or {"a": "b"})


def test_a_rebuilt_image_is_the_same_but_for_its_times(monkeypatch: pytest.MonkeyPatch):
    one, other = image(monkeypatch), image(monkeypatch, 60)
    assert not one.diff(other).same
    assert one.diff(other, semantic=True).same
    assert one.diff(other, times=False, created=False).same
    assert not one.diff(image(monkeypatch, 60, other="x"), semantic=True).same
    assert one.diff(one).same
    assert not one.diff(one)


def test_an_image_is_compared_part_by_part(monkeypatch: pytest.MonkeyPatch):
    base = image(monkeypatch)
    a = base.add_layer([("app", b"1234")]).annotation("k", "v")
    b = base.add_layer([("app", b"1235")], created_by="make").cmd("x").env("A", "2")
    diff = a.diff(b)
    assert diff.known == {}
    assert [each.name for each in diff.manifest] == ["annotations.k"]
    assert {each.name for each in diff.config} == {"config.Cmd", "config.Env.A"}
    assert [each.status for each in diff.history] == ["same", "changed"]
    assert (diff.layers.common, diff.layers.counts) == (1, {"same": 1, "changed": 1})
    assert told(diff.files) == {"app": ("changed", ("content",))}
    assert diff.packages.same
    assert list(diff.known) == ["manifest", "config", "history", "layers", "files", "packages"]
    assert diff.files.content("app").unified.splitlines()[3:] == [
        "-1234", "\\ No newline at end of file", "+1235", "\\ No newline at end of file",
    ]  # fmt: skip


def test_layers_that_both_images_have_are_not_read_to_compare_them(
    monkeypatch: pytest.MonkeyPatch,
):
    base = image(monkeypatch)
    a, b = base.add_layer([("app", b"1")]), base.add_layer([("app", b"2")])
    asked: list[FileList] = []
    digests = FileList.digests

    def counted(self: FileList, positions: Iterable[int]) -> dict[int, Digest]:
        asked.append(self)
        return digests(self, positions)

    monkeypatch.setattr(FileList, "digests", counted)
    assert len(a.diff(b).files) == 1
    assert {each.about.name for each in asked} == {
        str(each.manifest.layers[1].digest) for each in (a, b)
    }


def test_indexes_lead_to_the_images_of_a_platform(monkeypatch: pytest.MonkeyPatch):
    amd = ocinb.Platform.parse("linux/amd64")
    a, b = image(monkeypatch), image(monkeypatch, 60, c="d")
    one, other = (ocinb.ImageIndex.of([(amd, each)]) for each in (a, b))
    diff = one.diff(other, semantic=True)
    assert diff.counts == {"changed": 1}
    inner = diff["linux/amd64"]
    assert isinstance(inner, ImageDiff)
    assert inner.regard.times is False
    assert [each.name for each in inner.config] == ["config.Labels.a", "config.Labels.c"]


def test_an_image_is_compared_with_that_of_an_index_for_its_platform(
    monkeypatch: pytest.MonkeyPatch,
):
    a, b = image(monkeypatch), image(monkeypatch, 60)
    amd, arm = map(ocinb.Platform.parse, ("linux/amd64", "linux/arm64"))
    index = ocinb.ImageIndex.of([(arm, a), (amd, b)])
    assert a.diff(index, semantic=True).sides[1].document.digest == b.digest
    with pytest.raises(InvalidReference, match="linux/arm64"):
        a.diff(ocinb.ImageIndex.of([(arm, b)]))


def test_what_has_no_files_says_so():
    artifact = ocinb.Image.of(ocinb.Blob.of(b"{}", "application/vnd.example"), [])
    other = ocinb.Image.of(ocinb.Blob.of(b"[]", "application/vnd.example"), [])
    diff = artifact.diff(other)
    assert diff.config.same
    with pytest.raises(NotSupported):
        diff.files  # noqa: B018


def test_remote_images_fetch_only_what_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    school = ocinb.LocalRegistry()
    repository = ocinb.Repository("demo/app", registry=school)
    base = image(monkeypatch)
    repository.push(base.add_layer([("app", b"1")]), "v1")
    repository.push(base.add_layer([("app", b"2")]).cmd("x"), "v2")
    asked: list[str] = []
    handle = school.handle

    def counted(request: Any) -> Any:
        asked.append(request.url)
        return handle(request)

    monkeypatch.setattr(school, "handle", counted)
    fresh = ocinb.Repository("demo/app", registry=school)
    a, b = fresh["v1"], fresh["v2"]
    assert len(asked) == 2
    asked.clear()
    diff = a.diff(b)
    assert isinstance(diff, ImageDiff)
    assert diff.manifest.same
    assert not diff.same
    assert asked == []
    assert [each.name for each in diff.config] == ["config.Cmd"]
    assert len(asked) == 2
    assert told(diff.files) == {"app": ("changed", ("content",))}
    assert len(asked) > 2
    assert diff.names == (a.reference, b.reference)
