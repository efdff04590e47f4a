"""Build steps read as lines of a Dockerfile."""

from __future__ import annotations

import time

import pytest

from ocinb.display import faces
from ocinb.display.history import instruction
from ocinb.oci.config import HistoryEntry, parse_config
from tests.display.reader import read


@pytest.mark.parametrize(
    ("recorded", "line"),
    [
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c #(nop) ADD file:ab12 in / ", "ADD file:ab12 in /"),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("RUN /bin/sh -c apt-get update # buildkit", "RUN apt-get update"),
        ("RUN |2 A=1 B=2 /bin/sh -c make $A # buildkit", "RUN make $A"),
        ("|1 VERSION=3 /bin/sh -c make install", "RUN make install"),
        ("/bin/bash -o pipefail -c curl x | tar x", "RUN curl x | tar x"),
        ("RUN /bin/ash -eo pipefail -c true # buildkit", "RUN true"),
        ("COPY /src /dst # buildkit", "COPY /src /dst"),
        ("ENV A=1", "ENV A=1"),
        ("cmd /S /C dir", "RUN dir"),
        ("powershell -Command dir", "RUN dir"),
        (
            "RUN --mount=type=cache,target=/x make # buildkit",
            "RUN --mount=type=cache,target=/x make",
        ),
        ("bazel build //:image", "bazel build //:image"),
        ("apko", "apko"),
        ("/bin/sh -c #(nop) something else", "something else"),
        ("RUN", "RUN"),
        ("", ""),
        ("   ", ""),
        ("# buildkit", ""),
    ],
)
def test_a_step_is_written_as_a_dockerfile_has_it(recorded: str, line: str):
    assert " ".join(filter(None, instruction(HistoryEntry(recorded)))) == line


@pytest.mark.parametrize(
    "recorded",
    ["|9 " + "a=b " * 500_000, "|1 " + "/bin/sh -a " * 100_000, "/bin/sh" + " -e" * 500_000],
)
def test_no_step_takes_long_to_read(recorded: str):
    begun = time.perf_counter()
    instruction(HistoryEntry(recorded))
    assert time.perf_counter() - begun < 0.2


def test_steps_stand_beside_the_layers_they_made():
    raw = b"""{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":
    ["sha256:%s","sha256:%s","sha256:%s"]},"history":[
    {"created_by":"/bin/sh -c #(nop) ADD file:1 in /"},
    {"created_by":"ENV A=1","empty_layer":true},
    {"comment":"imported"}]}""" % (b"1" * 64, b"2" * 64, b"3" * 64)
    page = read(faces.html(parse_config(raw)))
    steps = [row[:2] for row in page.rows if len(row) == 3 and row[2] == ""]
    assert steps == [
        ["0", "ADD file:1 in /"],
        ["", "ENV A=1"],
        ["1", "imported"],
        ["2", "no step recorded"],
    ]


def test_what_was_recorded_stands_behind_the_line():
    page = read(faces.html(HistoryEntry("RUN |1 A=1 /bin/sh -c make # buildkit")))
    assert "RUN |1 A=1 /bin/sh -c make # buildkit" in page.titles
