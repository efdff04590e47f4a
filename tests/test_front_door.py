"""The front door is small, sorted, and loads nothing before it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ocinb

HEAVY = (
    "h11",
    "ssl",
    "pandas",
    "IPython",
    "ipywidgets",
    "werkzeug",
    "cheroot",
    "dataclasses",
    "asyncio",
)
# What a pull does without: others' conversations, what is in layers, and what few are told or run.
ASIDE = (
    "ocinb.display.",
    "ocinb.layers.",
    "ocinb.oci.diffs.",
    "ocinb.protocol.capabilities.",
    "ocinb.protocol.catalog.",
    "ocinb.protocol.copying.",
    "ocinb.protocol.delete.",
    "ocinb.protocol.referring.referrers.",
    "ocinb.protocol.sizes.",
    "ocinb.protocol.tags.",
    "ocinb.registry.",
    "ocinb.storage.archive.",
    "asyncio.",
    "logging.",
    "platform.",
    "subprocess.",
)


def test_all_is_sorted_and_every_name_in_it_is_there():
    assert ocinb.__all__ == sorted(ocinb.__all__)
    assert set(ocinb.__all__) == set(ocinb._HOMES)
    assert all(getattr(ocinb, name) is not None for name in ocinb.__all__)


def test_nothing_else_leaks_out_of_it():
    check = "import ocinb; print([name for name in vars(ocinb) if not name.startswith('_')])"
    done = subprocess.run(
        [sys.executable, "-I", "-c", check], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['annotations', 'drawable', 'TYPE_CHECKING']"


def test_importing_loads_neither_http_nor_frames_nor_the_notebook():
    check = f"import sys, ocinb; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-I", "-c", check], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_drawing_a_value_as_html_loads_neither_frames_nor_the_notebook():
    check = (
        "import sys, ocinb; ocinb.Platform.parse('linux/arm64')._repr_html_();"
        "print([name for name in ('pandas', 'IPython', 'ipywidgets') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", check], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_pull_loads_neither_copies_nor_layers_nor_subprocess(tmp_path: Path):
    check = (
        "import sys, ocinb; _, place, into = sys.argv;"
        "ocinb.Repository('demo/app', registry=place).pull('latest', into, progress=False);"
        f"print([name for name in sys.modules if f'{{name}}.'.startswith({ASIDE!r})])"
    )
    with ocinb.sample.school().serve() as server:
        place = server.url.removeprefix("http://")
        done = subprocess.run(
            [sys.executable, "-I", "-c", check, place, str(tmp_path / "layout")],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_a_name_that_is_not_there_is_an_ordinary_attribute_error():
    assert not hasattr(ocinb, "Manager")
