"""The layers of an image over each other: what is seen, what is not, and who took it away."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ocinb
from ocinb.errors import InvalidReference
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.merged.merging import Stack
from tests.layers.archives import END, entry, header, listed
from tests.layers.stacks import archive, stacked, states


def seen(fs: FileSystem) -> list[tuple[str, int]]:
    return [(each.path, each.layer) for each in fs]


def test_a_file_that_comes_again_is_superseded():
    fs = stacked([("a", b"1"), "b"], [("a", b"22")])
    assert seen(fs) == [("a", 1), ("b", 0)]
    assert fs["a"].text == "22"
    assert states(fs)[0, "a"] == ("superseded", 1)
    assert fs.superseded[0].text == "1"
    assert fs.size == 3


def test_a_whiteout_deletes_what_lower_layers_have_with_all_below_it():
    """image-spec, layer.md#whiteouts; `a-b` and `a.c` are beside `a`, not below it."""
    fs = stacked(["a/", "a/b/", "a/b/c", "a-b", "a.c", "a0"], [".wh.a"])
    assert seen(fs) == [("a-b", 0), ("a.c", 0), ("a0", 0)]
    assert {each.path: each.by for each in fs.deleted} == {"a": 1, "a/b": 1, "a/b/c": 1}
    assert states(fs)[1, ".wh.a"] == ("marker", None)
    assert fs.notes == ()


def test_a_whiteout_speaks_of_lower_layers_only_wherever_it_stands():
    for second in ([".wh.a", "a/", "a/new"], ["a/", "a/new", ".wh.a"]):
        fs = stacked(["a/", "a/old"], second)
        assert seen(fs) == [("a", 1), ("a/new", 1)]
        assert states(fs)[0, "a"] == states(fs)[0, "a/old"] == ("deleted", 1)


def test_an_opaque_marker_hides_what_lower_layers_have_in_a_folder():
    fs = stacked(["a/", "a/old", "a/d/", "a/d/x", "b"], ["a/new", "a/.wh..wh..opq"])
    assert seen(fs) == [("a", 0), ("a/new", 1), ("b", 0)]
    assert {each.path for each in fs.hidden} == {"a/old", "a/d", "a/d/x"}
    assert {each.by for each in fs.hidden} == {1}


def test_an_opaque_root_hides_everything():
    fs = stacked(["./", "a", "b/", "b/c"], [".wh..wh..opq", "d"])
    assert seen(fs) == [(".", 0), ("d", 1)]


def test_a_file_in_place_of_a_folder_removes_what_is_in_it():
    for lower in (["a/", "a/b", "a/c/", "a/c/d"], ["a/b", "a/c/d"]):
        fs = stacked(lower, ["a"])
        assert seen(fs) == [("a", 1)]
        assert {each.state for each in fs.all} == {"live", "superseded"}
    assert seen(stacked(["a/", "a/b"], ["a -> elsewhere"])) == [("a", 1)]


def test_a_folder_over_a_folder_keeps_what_is_in_it():
    fs = stacked(["a/", "a/b"], ["a/", "a/c"])
    assert seen(fs) == [("a", 1), ("a/b", 0), ("a/c", 1)]
    assert states(fs)[0, "a"] == ("superseded", 1)


def test_a_folder_in_place_of_a_file_is_one_also_when_it_has_no_entry():
    assert seen(stacked(["a"], ["a/", "a/b"])) == [("a", 1), ("a/b", 1)]
    assert seen(stacked(["a"], ["a/b"])) == [("a/b", 1)]
    assert seen(stacked(["a/b"], ["a"], ["a/x/c"])) == [("a/x/c", 2)]
    assert seen(stacked(["a/x/b"], ["a"], ["a/x/c"], [".wh.a"])) == []


def test_what_lies_below_a_symlink_by_its_path_is_noted_since_engines_differ():
    fs = stacked(["bin -> usr/bin", "usr/", "usr/bin/"], ["bin/new"], [".wh.bin"])
    assert "bin" in fs.notes[0]
    assert "engines differ" in fs.notes[0]
    assert "bin/new" not in fs


def test_whiteouts_do_not_follow_symlinks():
    fs = stacked(["bin -> usr/bin", "usr/", "usr/bin/", "usr/bin/sh"], ["bin/.wh.sh"])
    assert fs["bin/sh"].path == "usr/bin/sh"
    assert any("bin/sh, which was not there" in note for note in fs.notes)


def test_a_whiteout_of_nothing_is_noted_and_of_a_strange_name_does_nothing():
    fs = stacked(["a"], [".wh.b", "c/.wh..wh..opq"], [".wh.a"], [".wh.a"])
    assert fs.notes == (
        "layer 1 deletes b, which was not there",
        "layer 3 deletes a, which was not there",
    )
    fs = stacked(["./", "a"], [".wh...", ".wh.."])
    assert [path for path, _ in seen(fs)] == [".", "a"]
    many = stacked(["a"], [f".wh.x{number}" for number in range(150)])
    assert len(many.notes) == 101
    assert many.notes[-1] == "and 50 more"


def test_leftovers_of_aufs_and_nameless_whiteouts_mean_nothing():
    fs = stacked(["plnk"], [".wh..wh.plnk/", ".wh..wh.plnk/12.34", ".wh..wh.aufs", ".wh."])
    assert seen(fs) == [("plnk", 0)]
    assert fs.states == {"live": 1, "ignored": 4}
    assert fs.waste.wasted == len(".wh..wh.plnk/12.34")  # which is what its content is, too


def test_of_a_path_that_comes_again_in_one_archive_the_last_entry_counts():
    fs = stacked([("a", b"1"), ("a", b"22"), ("./a", b"333")])
    assert [(each.size, each.state, each.by) for each in fs.all] == [
        (1, "superseded", 0), (2, "superseded", 0), (3, "live", None),
    ]  # fmt: skip
    assert fs["a"].text == "333"


def test_a_hard_link_shares_its_bytes_and_keeps_them_when_the_first_name_is_deleted():
    fs = stacked([("a", b"12345"), "b => a", "c => a"], [".wh.a"], ["d"])
    assert (fs["b"].state, fs["b"].live, fs["b"].text) == ("live", 5, "12345")
    assert (fs["c"].state, fs["c"].live, fs["c"].text) == ("hardlink", 0, "12345")
    assert (fs.deleted[0].state, fs.deleted[0].wasted) == ("deleted", 0)
    assert fs.size == 6
    assert fs.waste.wasted == 0
    fs = stacked([("a", b"12345"), "b => a"], [".wh.a", ".wh.b"])
    assert fs.waste.wasted == 5
    fs = stacked([("a", b"12345"), "b => a"], ["b"])
    assert (fs["a"].live, fs["b"].live, fs.waste.wasted) == (5, 1, 0)


def test_chains_of_hard_links_end_at_the_bytes_and_circles_end():
    fs = stacked([("a", b"12345"), "b => a", "c => ./b"], [".wh.a", ".wh.b"])
    assert fs["c"].live == 5
    assert fs["c"].text == "12345"
    fs = stacked(["x => y", "y => x", "z => z"])
    assert fs.size == 0
    assert len(fs) == 3
    with pytest.raises(ocinb.errors.OcinbError):
        fs["x"].read()


def test_a_hard_link_goes_to_the_entry_that_was_there_when_it_came():
    fs = stacked([("a", b"1"), "b => a", ("a", b"22")])
    assert (fs["a"].text, fs["b"].text, fs["b"].live) == ("22", "1", 1)
    assert fs.waste.wasted == 0


def test_a_hard_link_across_layers_is_read_from_the_layer_that_has_the_file():
    fs = stacked([("a", b"12345")], ["b => a", ".wh.a"])
    assert (fs["b"].text, fs["b"].live, fs["b"].layer) == ("12345", 5, 1)
    fs = stacked([("a", b"12345")], [".wh.a"], ["b => a"])
    assert "hard link to what is not there" in fs.notes[0]
    assert fs.size == 0


def test_links_are_followed_across_layers():
    fs = stacked(
        ["bin -> usr/bin", "etc/", "etc/os-release -> ../usr/lib/os-release", "usr/"],
        ["usr/bin/", "usr/bin/sh -> dash", "usr/bin/dash", "usr/lib/os-release"],
    )
    assert fs["bin/sh"].path == "usr/bin/sh"
    assert fs["/bin/./sh"].text == "usr/bin/dash"
    assert fs["etc/os-release"].text == "usr/lib/os-release"
    assert fs["etc/os-release"].show(3).raw == b"usr"
    assert fs["etc/os-release"].hex(3).startswith("00000000  75 73 72")
    assert fs.layer_of("bin/dash").position == 1


def test_a_link_that_leads_nowhere_says_so():
    fs = stacked(["a -> gone", "l -> l/x", "gone"], [".wh.gone"])
    with pytest.raises(InvalidReference, match="in none of its layers"):
        fs["a"].read()
    with pytest.raises(InvalidReference):
        fs["l"].read()
    assert fs.get("l/x/y") is None


def test_the_history_of_a_path_is_all_that_was_there():
    fs = stacked([("a/b", b"1")], [("a/b", b"2")], ["a/.wh.b"], [("a/b", b"4")])
    assert [(each.layer, each.path, each.state, each.by) for each in fs.history("a/b")] == [
        (0, "a/b", "superseded", 1),
        (1, "a/b", "deleted", 2),
        (2, "a/.wh.b", "marker", None),
        (3, "a/b", "live", None),
    ]
    assert [each.text for each in fs.history("/a/b") if each.type == "file"] == ["1", "2", "4"]
    assert fs.layer_of("a/b").position == 3
    with pytest.raises(InvalidReference):
        fs.history("a/c")


def test_the_layer_that_last_touched_a_path_may_have_deleted_it():
    fs = stacked(["a", "b"], [".wh.a"])
    assert fs.layer_of("a").position == 1
    assert fs.layer_of("b").position == 0
    with pytest.raises(InvalidReference):
        fs.layer_of("c")


def test_what_is_not_there_says_who_took_it_away_or_what_is():
    fs = stacked(["etc/passwd", "etc/motd"], ["etc/.wh.motd"])
    with pytest.raises(InvalidReference, match="layer 1 took it away"):
        fs["etc/motd"]
    with pytest.raises(InvalidReference) as missing:
        fs["etc/passwrd"]
    assert "did you mean 'etc/passwd'" in missing.value.hints[0]
    assert fs.get("etc/motd") is None


def test_entries_go_by_position_path_slice_and_pattern():
    fs = stacked(["b/x.so", "a"], ["b/y.so"], ["b/.wh.x.so"])
    assert fs.paths == ("a", "b/y.so")
    assert fs[0].path == "a"
    assert fs[1:].paths == ("b/y.so",)
    assert fs.glob("**/*.so").paths == ("b/y.so",)
    assert fs.all.glob("**/*.so").paths == ("b/.wh.x.so", "b/x.so", "b/y.so")
    assert fs.glob("**/**/**/*.so").paths == fs.glob("**/*.so").paths
    assert fs.search("y").paths == ("b/y.so",)
    assert "a" in fs
    assert 1 not in fs
    assert "a" not in fs.glob("b/*")
    assert fs.glob("b/*")["b/y.so"].text == "b/y.so"
    assert fs._ipython_key_completions_() == ["a", "b/y.so"]
    assert "like b/*" in repr(fs.glob("b/*"))


def test_what_is_odd_or_runs_as_somebody_else_is_found():
    su = header(b"su", 0, mode=b"0004755\0")
    fs = FileSystem.of(
        [listed(su + entry(b"/abs") + header(b"d", 0, b"5", mode=b"0002755\0") + END)]
    )
    assert fs.setuid.paths == ("su",)
    assert fs.odd.paths == ("abs",)
    assert fs.odd[0].path == "/abs"
    assert fs["abs"].path == "/abs"


def test_layers_are_gone_through_one_by_one_in_the_order_of_their_archives():
    fs = stacked(["z", "a", "m"], [], ["b", ".wh.m"])
    assert [
        (files is fs.merged.lists[0], [files.columns.paths[at] for at in found])
        for files, found in fs.by_layer()
    ] == [(True, ["z", "a"]), (False, ["b"])]


def test_the_same_listing_can_be_two_layers():
    files = ocinb.list_layer(archive(["a"]))
    fs = FileSystem.of([files, files], created_by=["one", "two"])
    assert seen(fs) == [("a", 1)]
    assert [each.created_by for each in fs.layers] == ["one", "two"]


def test_a_part_of_a_listing_is_no_layer():
    with pytest.raises(ValueError, match="all files of a layer"):
        FileSystem.of([ocinb.list_layer(archive(["a", "b"])).glob("a")])


def test_an_incomplete_layer_makes_it_incomplete():
    fs = FileSystem.of([listed(archive(["a"])), listed(entry(b"b") + b"x" * 512)])
    assert not fs.complete
    assert fs.trouble is fs.merged.lists[1].trouble
    assert "incomplete" in repr(fs)
    assert "incomplete" in repr(fs.waste)
    with pytest.raises(InvalidReference) as missing:
        fs["c"]
    assert "incomplete" in missing.value.hints[-1]


def test_an_image_without_layers_has_no_files():
    fs = FileSystem.of([])
    assert (len(fs), fs.size, fs.waste.efficiency, fs.complete) == (0, 0, 1.0, True)


def test_hostile_nesting_is_bounded():
    """62 thousand paths of 2,048 folders each would imply more folders than memory holds."""
    deep = [f"{number}/" + "a/" * 2_000 + "x" for number in range(50)]
    many = b"".join(entry(b"PaxHeaders/x", _path_record(each), b"x") + entry(b"x") for each in deep)
    stack = Stack([listed(many + END).columns, listed(archive([".wh.1"])).columns])
    assert any("too many folders" in note for note in stack.notes)


def _path_record(path: str) -> bytes:
    rest = f" path={path}\n"
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return f"{length}{rest}".encode()


# A naive model: layers are applied, one after the other, to what a container sees.

NAMES = st.sampled_from(["a", "b", "a-b"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@st.composite
def layers(draw: st.DrawFn) -> list[dict[str, bytes | None]]:
    """What is at each path of each layer: a file, a folder (None), a whiteout."""
    return draw(st.lists(st.builds(_consistent, st.dictionaries(PATHS, st.one_of(
        st.none(), st.binary(max_size=3), st.sampled_from(["wh", "opq"]),
    ), max_size=6)), max_size=4))  # fmt: skip


def _consistent(given: dict[str, bytes | str | None]) -> dict[str, bytes | None]:
    """Without files that have something below them, since no engine takes such a layer."""
    made: dict[str, bytes | None] = {}
    for path, what in given.items():
        folder, slash, name = path.rpartition("/")
        if what == "wh":
            made[f"{folder}{slash}.wh.{name}"] = b""
        elif what == "opq":
            made[f"{path}/.wh..wh..opq"] = b""
        else:
            assert not isinstance(what, str)
            made[path] = what
    return {
        path: what
        for path, what in made.items()
        if what is None or not any(other.startswith(f"{path}/") for other in made)
    }


def _below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def _applied(stack: list[dict[str, bytes | None]]) -> dict[str, tuple[int, bytes | None]]:
    there: dict[str, tuple[int, bytes | None]] = {}
    for number, layer in enumerate(stack):
        _remove(there, {each for path in layer for each in there if _whited_out(each, path)})
        for path, what in layer.items():
            parents = {path[:at] for at, letter in enumerate(path) if letter == "/"}
            _remove(there, {each for each in parents & there.keys() if there[each][1] is not None})
            if not path.rpartition("/")[2].startswith(".wh."):
                below = {each for each in there if _below(each, path)}
                _remove(there, below if what is not None else set())
                there[path] = (number, what)
    return there


def _remove(there: dict[str, tuple[int, bytes | None]], gone: set[str]) -> None:
    for path in gone:
        del there[path]


def _whited_out(path: str, marker: str) -> bool:
    folder, slash, name = marker.rpartition("/")
    if name == ".wh..wh..opq":
        return _below(path, folder)
    target = f"{folder}{slash}{name.removeprefix('.wh.')}"
    return name.startswith(".wh.") and (path == target or _below(path, target))


@settings(max_examples=400, deadline=None)
@given(layers())
def test_what_is_seen_is_what_a_naive_model_sees(stack: list[dict[str, bytes | None]]):
    fs = stacked(
        *(
            [f"{path}/" if what is None else (path, what) for path, what in layer.items()]
            for layer in stack
        )
    )
    expected = _applied(stack)
    assert {each.path: each.layer for each in fs} == {
        path: layer for path, (layer, _) in expected.items()
    }
    contents = {path: what for path, (_, what) in expected.items() if what is not None}
    assert {each.path: each.read() for each in fs if each.type == "file"} == contents
    assert fs.size == sum(map(len, contents.values()))
    written = sum(len(what) for layer in stack for what in layer.values() if what)
    assert fs.waste.live + fs.waste.wasted == written
    assert all((each.by is None) == (each.state in ("live", "marker")) for each in fs.all)


def test_it_is_written_to_a_folder_as_a_container_sees_it(tmp_path: Path):
    fs = stacked(
        [("a/b", b"old"), "a/gone", ("c", b"12345"), "d => c", "l -> a/b"],
        [("a/b", b"new"), "a/.wh.gone", ".wh.c"],
    )
    extracted = fs.extract(tmp_path / "root")
    root = tmp_path / "root"
    assert sorted(str(each.relative_to(root)) for each in root.rglob("*")) == ["a", "a/b", "d", "l"]
    assert ((root / "a/b").read_bytes(), (root / "d").read_bytes()) == (b"new", b"12345")
    assert (root / "l").readlink() == Path("a/b")
    assert extracted.left_out == ()
    assert fs["l"].save(tmp_path / "one") == 3
    assert (tmp_path / "one").read_bytes() == b"new"


def test_hard_links_are_one_file_again_when_they_are_written(tmp_path: Path):
    stacked([("a", b"1"), "b => a"], ["c => b"]).extract(tmp_path)
    assert len({(tmp_path / each).stat().st_ino for each in "abc"}) == 1
