"""A transport to ask with, and a home with nothing in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocinb.client.wire.transport import Transport
from tests.client.exchanges import QUICK
from tests.client.home import Home


@pytest.fixture
def line() -> Iterator[Transport]:
    line = Transport(timeouts=QUICK)
    yield line
    line.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = Home(tmp_path)
    monkeypatch.setenv("PATH", home.environ["PATH"])
    return home
