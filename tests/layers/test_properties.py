"""Whatever Python's tarfile writes, in each of its formats, is listed as it was meant."""

from __future__ import annotations

import io
import tarfile

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import ocinb
from ocinb.errors import OcinbError
from ocinb.layers.entries import TYPES
from ocinb.layers.unpacking import names
from tests.layers.archives import END, entry, gzipped, listed, written

KINDS = {
    tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink", tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device", tarfile.FIFOTYPE: "fifo",
}  # fmt: skip
letters = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0/."), min_size=1, max_size=12
)
paths = st.lists(letters, min_size=1, max_size=4).map("/".join)
long_paths = st.builds(lambda path, times: "/".join([path] * times), paths, st.integers(1, 40))


@st.composite
def members(draw: st.DrawFn) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(draw(paths | long_paths))
    info.type = draw(st.sampled_from(list(KINDS)))
    content = draw(st.binary(max_size=1_500)) if info.isreg() else b""
    info.size = len(content)
    info.mode = draw(st.integers(0, 0o7777))
    info.uid, info.gid = draw(st.integers(0, 2**31)), draw(st.integers(0, 2**21))
    info.uname, info.gname = draw(letters), draw(letters)
    info.mtime = draw(st.integers(0, 2**33))
    if info.issym() or info.islnk():
        info.linkname = draw(paths | long_paths)
    if info.isdev():
        info.devmajor, info.devminor = draw(st.integers(0, 255)), draw(st.integers(0, 255))
    return info, content


def made(kind: int, wanted: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """An archive of those that this format has room for."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for info, content in wanted:
            try:
                archive.addfile(info, io.BytesIO(content))
            except ValueError:  # the name or number is too long for it
                continue
    return out.getvalue()


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.lists(members(), max_size=6),
    st.integers(1, 2_000),
    st.booleans(),
)
def test_every_format_of_tarfile_is_listed_as_tarfile_reads_it(kind, wanted, piece, packed):
    archive = made(kind, wanted)
    files = listed(gzipped(archive) if packed else archive, piece)
    assert files.complete
    with tarfile.open(fileobj=io.BytesIO(archive)) as theirs:
        for ours, each in zip(files, theirs, strict=True):
            assert ours.path == names.clean(each.name)
            if ours.type not in ("whiteout", "opaque"):
                assert ours.type == KINDS[each.type]
            assert (ours.size, ours.mode, ours.uid, ours.gid) == (
                each.size, each.mode, each.uid, each.gid,
            )  # fmt: skip
            assert (ours.user, ours.group, ours.target) == (each.uname, each.gname, each.linkname)
            assert ours.mtime is not None
            assert ours.mtime.timestamp() == each.mtime
            if each.isdev() and not each.isfifo():
                assert ours.device == (each.devmajor, each.devminor)
            content = theirs.extractfile(each) if each.isreg() else None
            if content is not None:
                assert ours.bytes == content.read()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 3_000), st.integers(0, 255), st.integers(1, 700))
def test_one_byte_changed_gives_entries_or_an_error_of_ours(at: int, value: int, piece: int):
    archive = bytearray(written(("a", b"x" * 700), ("b" * 150, b"y")))
    archive[at] = value
    try:
        files = listed(bytes(archive), piece)
    except OcinbError:
        return
    assert all(each.type in TYPES for each in files)
    assert files.to_frame().shape[0] == len(files)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=3_000), st.integers(1, 700))
@example(b"\x1f\x8b", 1)
@example(b"\x1f\x8b\x08\x00", 2)
@example(b"BZh91AY", 100)
def test_rubbish_gives_an_error_of_ours(content: bytes, piece: int):
    try:
        files = listed(content, piece)
    except OcinbError:
        return
    assert not any(content) or files.trouble or files.about.notes


@given(st.binary(max_size=512), st.integers(1, 700))
def test_rubbish_in_pax_records_gives_an_error_of_ours(content: bytes, piece: int):
    files = listed(entry(b"first") + entry(b"x", content, b"x") + entry(b"y") + END, piece)
    assert files[0].path == "first"
    assert files.complete or files.trouble


@given(st.text(max_size=30))
def test_any_pattern_is_one(pattern: str):
    files = listed(entry(b"etc/passwd") + END)
    assert len(files.glob(pattern)) in (0, 1)


@given(paths)
def test_a_path_is_found_however_it_is_written(path: str):
    files = ocinb.list_layer(written((path, b"x")))
    for text in (path, f"/{path}", f"./{path}", f"{path}/"):
        assert files[text].path == path
        assert text in files
