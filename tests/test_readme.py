"""What the README shows runs as it stands there, without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ocinb

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_its_examples_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)
    assert len(examples) == 2
    assert repr(names["image"]).startswith("<RemoteImage local/demo/app@sha256:")
    assert "LEVEL" in (tmp_path / "changes.html").read_text()


def test_what_it_names_on_a_repository_is_there():
    named = set(re.findall(r"repository\.([a-z_]+)\(", README))
    assert named
    assert all(hasattr(ocinb.Repository, name) for name in named)


def test_it_names_all_that_is_at_the_front_door():
    spans = re.findall(r"`([^`\n]+)`", README.replace("```", ""))
    named = {name for span in spans for name in re.findall(r"\w+", span)}
    assert set(ocinb.__all__) - named == set()


def test_what_it_names_at_the_front_door_is_there():
    named = set(re.findall(r"ocinb\.(\w+)", README))
    assert named <= set(ocinb.__all__)
