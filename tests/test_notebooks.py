"""Every notebook runs from top to bottom without a network, and none is kept with outputs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from ocinb.client.wire.transport import Transport
from ocinb.errors import TransferError
from ocinb.protocol.messages import Request, Response

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path: Path):
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# ipykernel says that its loopback connection is not encrypted; nbclient's own loop is left open.
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::ResourceWarning")
def test_it_runs_from_top_to_bottom(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=120, store_widget_state=False)
    client.execute(cwd=str(tmp_path))
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    assert last.execution_count == len([c for c in notebook.cells if c.cell_type == "code"])
    drawn = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not [output for output in drawn if output.output_type == "error"]
    assert any("text/html" in output.get("data", {}) for output in drawn)


def test_make_lab_serves_the_tour(tmp_path: Path):
    """In the environment that runs this test, which must not be made anew meanwhile."""
    fresh = subprocess.run(["make", "-s", "-q", "-C", str(ROOT), ".venv/.installed"], check=False)
    if fresh.returncode or Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("the tests do not run in the environment that make keeps: make test")
    token, port = "told-here-only", free_port()
    environment = {**os.environ, "JUPYTER_NO_CONFIG": "1", "HOME": str(tmp_path)}
    options = f"--no-browser --ServerApp.port={port} --IdentityProvider.token={token}"
    with subprocess.Popen(
        ["make", "-s", "-C", str(ROOT), "lab", f"LAB_ARGS={options}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as lab:
        try:
            tour = f"http://127.0.0.1:{port}/api/contents/00_tour.ipynb?token={token}"
            answer = patiently(lambda: Transport().exchange(Request("GET", tour)))
        finally:
            os.killpg(lab.pid, signal.SIGTERM)
        assert answer.status == 200
        assert json.loads(answer.body)["type"] == "notebook"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def patiently(ask: Callable[[], Response]) -> Response:
    """The answer of a server that is still starting."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask()
        except TransferError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
