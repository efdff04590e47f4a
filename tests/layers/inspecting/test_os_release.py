"""os-release(5): assignments with the quotes of shells, of which nothing is ever run."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.errors import InvalidContent
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.inspecting.os_release import OsRelease, os_release, parse
from tests.layers.archives import END, entry, header, written

DEBIAN = b"""\
# A comment

PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
ID=debian
ID_LIKE='one two'
HOME_URL=https://www.debian.org/
"""


def found(*members: tuple[str, bytes]) -> OsRelease | None:
    return os_release(ocinb.list_layer(written(*members)))


def test_it_says_which_system_this_is():
    release = parse(DEBIAN)
    assert release.id == "debian"
    assert release.version_id == "12"
    assert release.name == "Debian GNU/Linux"
    assert release.pretty_name == "Debian GNU/Linux 12 (bookworm)"
    assert release.id_like == ("one", "two")
    assert release.fields["HOME_URL"] == "https://www.debian.org/"
    assert release.problems == ()


def test_what_is_not_said_has_the_defaults_of_the_specification():
    release = parse(b"")
    assert (release.id, release.name, release.pretty_name) == ("linux", "Linux", "Linux")
    assert (release.version_id, release.id_like) == ("", ())


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"A=plain", "plain"),
        (b"A=", ""),
        (b'A=""', ""),
        (b"A=''", ""),
        (b"A='a \"b\" $c \\n'", 'a "b" $c \\n'),
        (rb'A="a \"b\" \$c \` \\ \n"', 'a "b" $c ` \\ \\n'),
        (b'A="$(reboot) `reboot` ${HOME}"', "$(reboot) `reboot` ${HOME}"),
        (rb"A=two\ words", "two words"),
        (b"A=x\r", "x"),
        (b"A=caf\xc3\xa9", "caf\u00e9"),
        (b"A=\xff", "\ufffd"),
    ],
)
def test_values_are_what_a_shell_makes_of_their_quotes(line: bytes, value: str | None):
    assert parse(line).fields.get("A") == value


@pytest.mark.parametrize(
    "line",
    [b"no assignment", b"1A=x", b"A B=x", b'A="open', b"A='it's'", b'A="a"b"', b"A=two words",
     b'A="a\\"', b"export A=x", b"A=a\\"],
)  # fmt: skip
def test_a_line_that_a_shell_would_not_take_is_a_problem_with_its_number(line: bytes):
    release = parse(b"ID=x\n" + line + b"\n")
    assert release.fields == {"ID": "x"}
    assert release.problems[0].startswith("line 2: ")


def test_the_last_of_a_name_that_comes_again_counts():
    assert parse(b"A=1\nA=2\n").fields == {"A": "2"}


def test_etc_comes_before_usr():
    release = found(("usr/lib/os-release", b"ID=usr\n"), ("etc/os-release", b"ID=etc\n"))
    assert release is not None
    assert (release.id, release.path) == ("etc", "etc/os-release")
    other = found(("usr/lib/os-release", b"ID=usr\n"))
    assert other is not None
    assert (other.id, other.path) == ("usr", "usr/lib/os-release")
    assert found(("etc/passwd", b"")) is None


def test_a_link_is_followed_and_one_that_leads_nowhere_is_no_file():
    link = header(b"etc/os-release", 0, b"2", link=b"../usr/lib/os-release")
    alone = ocinb.list_layer(link + END)
    assert os_release(alone) is None
    file = ocinb.list_layer(entry(b"usr/lib/os-release", DEBIAN) + END)
    both = os_release(FileSystem.of([file, alone]))
    assert both is not None
    assert both.id == "debian"


def test_one_that_is_far_too_large_is_refused():
    with pytest.raises(InvalidContent, match="at most 256"):
        found(("etc/os-release", b"#" * 300_000))


def test_its_frame_has_a_row_for_each_field():
    frame = parse(DEBIAN).to_frame()
    assert list(frame["name"][:2]) == ["PRETTY_NAME", "NAME"]
    assert frame.attrs["pretty_name"] == "Debian GNU/Linux 12 (bookworm)"
