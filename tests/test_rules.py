"""The tables of rules are true: every id has a line, and a test that is there and names it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "rules.md"

# How far each row of ids goes, and the cases of faults, of which some numbers were never given.
ROWS = {
    "C": 45, "S": 33, "A-": 19, "L-": 8, "D-": 10, "U-": 14, "M-": 7, "R-": 7, "T-": 7, "X-": 3,
    "Q-": 5, "F-": 14, "K-": 32,
}  # fmt: skip
CASES = """
F-D1 F-D2 F-D4 F-D5 F-D7 F-D8 F-D10 F-D11 F-D13 F-D14 F-D16 F-D17 F-D19 F-D20 F-D22 F-D23 F-D25
F-D26 F-D28 F-D29 F-M2 F-M3 F-M5 F-M6 F-M8 F-M9 F-T2 F-R1 F-R3 F-R4 F-U2 F-U3 F-U5 F-U6 F-U8 F-U9
F-U11 F-U12 F-U14 F-X1 F-H1 F-H2 F-P1 F-S1
G-1 G-2 G-4 G-5 G-7 G-8 G-10 G-11 G-13 G-14 G-16 G-17 G-19 G-20 G-22 G-23 G-25 G-26
""".split()
IDS = [f"{row}{number}" for row, last in ROWS.items() for number in range(1, last + 1)] + CASES
NOT_APPLICABLE = "does not apply: "

_LINE = re.compile(r"\| ([A-Z][A-Z0-9-]*\d) \| (.+) \| (?:`([\w/]+\.py)::(test_\w+)`|—) \|")


class Line(NamedTuple):
    """A line of a table; no file and no test where the rule does not apply."""

    id: str
    ours: str
    file: str | None
    test: str | None


def lines() -> list[Line]:
    rows = [row for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("|")]
    rows = [row for row in rows if not row.startswith(("| id |", "|---"))]
    found = [_LINE.fullmatch(row) for row in rows]
    assert None not in found, rows[found.index(None)]
    return [Line(*match.groups()) for match in found if match]


LINES = lines()


@cache
def docstrings(file: str) -> dict[str, str]:
    """The tests of a file, each with what it says of itself."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    tests = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return {test.name: ast.get_docstring(test) or "" for test in tests}


def names(rule: str, test: str, says: str) -> bool:
    """Whether a test has the id in its name (`test_D6_…`) or docstring (`D-6`)."""
    in_name = f"_{rule.replace('-', '')}_" in test
    return in_name or bool(re.search(rf"(?<![\w-]){rule}(?!\d)", says))


def test_every_id_has_one_line_and_no_line_is_of_another():
    assert sorted(line.id for line in LINES) == sorted(IDS)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.id)
def test_the_test_of_a_rule_is_there_and_names_it(line: Line):
    if line.file is None or line.test is None:
        assert line.ours.startswith(NOT_APPLICABLE)
        return
    assert not line.ours.startswith(NOT_APPLICABLE)
    assert line.test in docstrings(line.file)
    assert names(line.id, line.test, docstrings(line.file)[line.test])


def test_few_rules_do_not_apply():
    assert [line.id for line in LINES if line.test is None] == ["K-19", "K-25"]


@pytest.mark.parametrize(
    ("rule", "test", "says", "named"),
    [
        ("D-6", "test_D6_all_of_it", "", True),
        ("D-6", "test_FD6_all_of_it", "", False),
        ("D-6", "test_all_of_it", "D-5, D-6.", True),
        ("D-6", "test_all_of_it", "D-60, F-D6.", False),
        ("C1", "test_C18_chunks", "C12.", False),
    ],
)
def test_an_id_is_not_taken_for_another(rule: str, test: str, says: str, named: bool):
    assert names(rule, test, says) is named
