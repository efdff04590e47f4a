"""`import ocinb` against an empty interpreter: at most 20 ms more."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Row, interleaved, python


def run() -> Iterator[Row]:
    took = interleaved(
        {
            "empty": python("pass"),
            "door": python("import ocinb"),
            "repository": python("import ocinb; ocinb.Repository"),
            "httpx": python("import httpx"),
        },
        rounds=15,
    )
    empty = took["empty"]
    yield Row("empty interpreter", empty * 1_000, "ms")
    yield Row(
        "import ocinb, over the empty one", (took["door"] - empty) * 1_000, "ms", "at most 20"
    )
    yield Row("ocinb.Repository, over the empty one", (took["repository"] - empty) * 1_000, "ms")
    yield Row(
        "the same, as a ratio to import httpx alone",
        (took["repository"] - empty) / (took["httpx"] - empty),
        "×",
    )
