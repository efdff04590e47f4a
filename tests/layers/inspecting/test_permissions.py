"""What gives rights to whom: modes, capabilities, devices, owners nobody knows, odd names."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Iterable
from typing import Any

import pytest

import ocinb
from ocinb.layers.files import FileList
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.inspecting import file_capabilities, permissions
from ocinb.layers.inspecting.permissions import PermissionReport, permission_report
from ocinb.layers.limits import Broken

PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\nbroken\nodd:x:y:z:\n"
GROUP = b"root:x:0:\nshadow:x:42:app\n"
NET_RAW = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)


def layer(*members: tuple[str, dict[str, Any]], users: bool = True) -> FileList:
    """A layer of entries with these fields of tarfile; `content` and `xattr` are our own."""
    made = io.BytesIO()
    known = [("etc/passwd", {"content": PASSWD}), ("etc/group", {"content": GROUP})]
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, fields in (*(known if users else ()), *members):
            info = tarfile.TarInfo(name)
            content = fields.pop("content", b"")
            if raw := fields.pop("xattr", None):
                info.pax_headers = {"SCHILY.xattr.security.capability": raw.decode(
                    "utf-8", "surrogateescape")}  # fmt: skip
            for field, value in fields.items():
                setattr(info, field, value)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return ocinb.list_layer(made.getvalue())


def kinds(report: Iterable[permissions.Finding]) -> list[tuple[str, str]]:
    return [(each.kind, each.path) for each in report]


def test_a_harmless_layer_has_nothing_to_report():
    report = permission_report(
        layer(
            ("bin/sh", {"mode": 0o755}),
            ("tmp", {"type": tarfile.DIRTYPE, "mode": 0o1777}),
            ("var/mail", {"type": tarfile.DIRTYPE, "mode": 0o2775}),
            ("link", {"type": tarfile.SYMTYPE, "mode": 0o777, "linkname": "bin/sh"}),
        )
    )
    assert list(report) == []
    assert report.counts == {}
    assert report.notes == ()


def test_each_kind_is_found_the_gravest_first():
    report = permission_report(
        layer(
            ("odd name ", {}),
            ("srv/theirs", {"uid": 7, "gid": 7}),
            ("srv/open", {"type": tarfile.DIRTYPE, "mode": 0o777}),
            ("srv/file", {"mode": 0o666}),
            ("dev/sda", {"type": tarfile.BLKTYPE, "mode": 0o660}),
            ("bin/ping", {"mode": 0o755, "xattr": NET_RAW}),
            ("bin/chage", {"mode": 0o2755, "gid": 42}),
            ("bin/su", {"mode": 0o4755}),
        )
    )
    assert kinds(report) == [
        ("setuid", "bin/su"), ("setgid", "bin/chage"), ("capabilities", "bin/ping"),
        ("device", "dev/sda"), ("world-writable file", "srv/file"),
        ("world-writable directory", "srv/open"), ("unknown owner", "srv/theirs"),
        ("unknown group", "srv/theirs"), ("odd name", "odd name "),
    ]  # fmt: skip
    assert list(report.counts) == list(permissions.KINDS)
    assert all(each.why for each in report)


def test_a_finding_says_who_owns_it_by_name():
    (finding,) = permission_report(layer(("x", {"mode": 0o6755, "uid": 1000, "gid": 42}))).of(
        "setuid"
    )
    assert (finding.user, finding.group) == ("app", "shadow")
    assert (finding.uid, finding.gid, finding.permissions) == (1000, 42, "-rwsr-sr-x")


def test_capabilities_are_told_by_name():
    (finding,) = permission_report(layer(("bin/ping", {"mode": 0o755, "xattr": NET_RAW})))
    assert finding.why.startswith("cap_net_raw=ep: ")


def test_capabilities_that_cannot_be_read_are_a_finding_all_the_same():
    (finding,) = permission_report(layer(("bin/ping", {"xattr": b"rubbish"})))
    assert "cannot be read" in finding.why


def test_without_a_list_of_users_owners_are_not_judged_and_that_is_said():
    report = permission_report(layer(("x", {"uid": 7, "gid": 8}), users=False))
    assert len(report) == 0
    assert [note.partition(" ")[0] for note in report.notes] == ["etc/passwd", "etc/group"]


def test_a_hard_link_to_a_setuid_file_is_one_too():
    report = permission_report(
        layer(
            ("bin/su", {"mode": 0o4755, "content": b"x"}),
            ("bin/su2", {"type": tarfile.LNKTYPE, "linkname": "bin/su", "mode": 0o4755}),
        )
    )
    assert kinds(report) == [("setuid", "bin/su"), ("setuid", "bin/su2")]


@pytest.mark.parametrize(
    "name", ["...", "a/.. ", " a", "-rf", "a\x1b[2J", "a\u202eb", "a/../b", "caf\udce9"]
)
def test_names_that_mislead_are_odd(name: str):
    report = permission_report(layer((name, {})))
    assert [each.kind for each in report] == ["odd name"]


@pytest.mark.parametrize("name", [".hidden", "..data", "a-b", "a b", "caf\u00e9", "x.."])
def test_names_that_only_look_unusual_are_not(name: str):
    assert len(permission_report(layer((name, {})))) == 0


def test_of_an_image_only_what_can_be_seen_counts():
    lower = layer(("bin/su", {"mode": 0o4755}), ("bin/sudo", {"mode": 0o4755}))
    upper = layer(("bin/.wh.su", {}), users=False)
    report = permission_report(FileSystem.of([lower, upper]))
    assert kinds(report) == [("setuid", "bin/sudo")]


def test_of_very_many_some_are_kept_and_all_are_counted(monkeypatch):
    monkeypatch.setattr(permissions, "_MOST", 3)
    report = permission_report(layer(*((f"{n}", {"mode": 0o666}) for n in range(5))))
    assert len(report) == 3
    assert report.counts == {"world-writable file": 5}
    assert report.left_out == 2
    assert "2 more" in ocinb.display.faces.text(report)


def test_one_kind_can_be_asked_for_by_name():
    report = permission_report(layer(("a", {"mode": 0o666}), ("b", {"mode": 0o4755})))
    assert kinds(report.of("setuid")) == [("setuid", "b")]
    assert report.of("device").counts == {"device": 0}
    assert report[:1].findings == report.findings[:1]
    with pytest.raises(ValueError, match="none of setuid"):
        report.of("nonsense")


def test_the_frame_has_its_columns_also_without_rows():
    full = permission_report(layer(("b", {"mode": 0o4755}))).to_frame()
    empty = PermissionReport().to_frame()
    assert list(full.dtypes) == list(empty.dtypes)
    assert full.loc[0, "kind"] == "setuid"
    assert full.loc[0, "mode"] == 0o4755


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (NET_RAW, "cap_net_raw=ep"),
        (struct.pack("<3I", 0x01000000, 1, 0), "cap_chown=p"),
        (struct.pack("<5I", 0x02000001, 1, 1, 1 << 7, 0), "cap_chown=eip cap_bpf=ep"),
        (struct.pack("<6I", 0x03000000, 0, 1 << 10, 0, 0, 1000), "cap_net_bind_service=i"),
        (struct.pack("<5I", 0x02000000, 0, 0, 1 << 31, 0), "cap_63=p"),
        (struct.pack("<5I", 0x02000000, 0, 0, 0, 0), "="),
    ],
)
def test_capabilities_read_as_getcap_writes_them(raw: bytes, said: str):
    """capabilities(7): versions 1 to 3, two sets of up to 64, and whether they are in force."""
    assert str(file_capabilities.parse(raw)) == said


def test_version_3_names_the_root_of_a_namespace():
    assert file_capabilities.parse(struct.pack("<6I", 0x03000000, 1, 0, 0, 0, 1000)).root == 1000


@pytest.mark.parametrize("raw", [b"", b"abc", b"\0" * 20, NET_RAW[:12], NET_RAW + b"\0"])
def test_an_attribute_that_linux_would_not_take_is_refused(raw: bytes):
    with pytest.raises(Broken):
        file_capabilities.parse(raw)
