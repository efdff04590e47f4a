"""The table that maps ocibuild to ocinb is true: what it names is there, and so are its tests."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import ocinb

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "parity.md"

# What the document of ocibuild_registry 0.10.4 lists, and what it exports besides.
FUNCTIONS = """
check_blob_exists/4 digest_to_signature_tag/1 discover_auth/3 format_content_range/2
get_target_platform/0 is_retriable_error/1 parse_range_header/1 pull_blob/3 pull_blob/4 pull_blob/5
pull_manifest/3 pull_manifest/4 pull_manifest/5 pull_manifests_for_platforms/5 push/5 push/6
push_blob/5 push_blob/6 push_blobs/5 push_blobs/6 push_blobs_multi/5 push_blobs_multi/6 push_multi/6
push_referrer/7 push_referrer/8 push_signature/7 push_signature/8 stop_httpc/0 tag_from_digest/5
with_retry/2
""".split()
TYPES = {
    "operation_scope": (),
    "progress_callback": (),
    "progress_info": (
        "phase", "layer_index", "total_layers", "bytes_received", "bytes_sent", "total_bytes",
    ),
    "progress_phase": (),
    "pull_opts": ("progress", "auth", "size", "layer_index", "total_layers"),
    "push_opts": ("chunk_size", "progress", "layer_index", "total_layers"),
    "upload_session": ("upload_url", "bytes_uploaded"),
}  # fmt: skip
ERRORS = """
http_error request_failed failed_connect timeout closed econnreset too_many_redirects
redirect_without_location redirect_not_allowed_for_token_exchange insecure_realm_url
no_www_authenticate_header auth_required unknown_auth_scheme no_token_endpoint_for_registry
no_token_in_response digest_mismatch no_matching_platform no_manifests_available not_a_manifest_list
no_images_to_push no_upload_location upload_failed base_layer_upload_failed layers_failed
config_failed manifest_failed referrer_not_supported push_referrer_manifest worker_crashed
""".split()
WEAKNESSES = 30

# `Name.of.something`, which may be followed by the keywords that it takes: `(one=, two=)`.
_NAMED = re.compile(r"((?:ocinb|errors|Registry|Repository)(?:\.\w+)*)(?:\(((?:\w+=(?:, )?)+)\))?")


class Row(NamedTuple):
    """A line of a table."""

    section: str
    theirs: str
    ours: str
    test: str

    @property
    def names(self) -> Iterator[tuple[str, list[str]]]:
        """What is named on our side, each with the keywords that it is said to take."""
        for span in re.findall(r"`([^`]+)`", self.ours):
            if match := _NAMED.fullmatch(span):
                yield match[1], re.findall(r"\w+", match[2] or "")


def rows() -> list[Row]:
    found, section = [], ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else []
        if cells and cells[0] != "ocibuild" and not cells[0].startswith("-"):
            found.append(Row(section, *cells))
    return found


ROWS = rows()


def of(section: str) -> list[Row]:
    return [row for row in ROWS if row.section == section]


def resolved(name: str) -> Any:
    """What `name` stands for: something at the front door, in a module, or in one of those."""
    first, *rest = name.split(".")
    value: Any = ocinb if first == "ocinb" else getattr(ocinb, first)
    path = first
    for part in rest:
        path = f"{path}.{part}"
        if not hasattr(value, part) and inspect.ismodule(value):
            import_module(path)
        value = getattr(value, part)
    return value


@cache
def functions(file: str) -> set[str]:
    """The tests that a file has; its fixtures and parameters need not be loaded for that."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.theirs)
def test_what_a_line_names_is_there(row: Row):
    for name, keywords in row.names:
        value = resolved(name)
        assert value is not None
        takes = inspect.signature(value).parameters if keywords else {}
        assert set(keywords) <= set(takes), name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.theirs)
def test_the_test_of_a_line_is_there(row: Row):
    file, _, test = row.test.strip("`").partition("::")
    assert test.startswith("test_")
    assert test in functions(file)


def test_every_function_of_ocibuild_has_a_line():
    assert sorted(row.theirs.strip("`") for row in of("Functions")) == sorted(FUNCTIONS)
    assert all(list(row.names) for row in of("Functions"))


def test_every_type_and_option_of_ocibuild_has_a_line():
    lines = {row.theirs.strip("`") for row in of("Types")}
    wanted = {f"{name}()" for name in TYPES}
    wanted |= {f"{name}().{field}" for name, fields in TYPES.items() for field in fields}
    assert wanted <= lines
    assert {f"auth `#{{{fields}}}" for fields in ("", "token", "username, password")} <= lines


@pytest.mark.parametrize("term", ERRORS)
def test_every_error_of_ocibuild_has_a_line(term: str):
    assert any(re.match(rf"`{{?{term}\b", row.theirs) for row in of("Errors"))


def test_every_weakness_has_a_line():
    numbers = [int(row.theirs.partition(" · ")[0]) for row in of("Where ocibuild is weak")]
    assert numbers == list(range(1, WEAKNESSES + 1))


def test_every_kind_of_error_that_a_registry_causes_is_in_the_table():
    named = {name.removeprefix("errors.") for row in of("Errors") for name, _ in row.names}
    ours = {
        kind.__name__
        for _, kind in inspect.getmembers(ocinb.errors, inspect.isclass)
        if issubclass(kind, (ocinb.errors.RegistryError, ocinb.errors.TransferError))
    }
    # ocibuild does neither, and opens no layouts and archives.
    assert ours - named <= {"DeleteDisabled", "ListingDisabled", "NotHere"}


def test_each_verb_of_a_repository_with_steps_says_the_same_as_its_twin():
    """A twin takes what its verb takes, but for who watches, who asks, and what is only told."""
    for name in [each for each in dir(ocinb.Repository) if each.endswith("_steps")]:
        verb = getattr(ocinb.Repository, name.removesuffix("_steps"), None)
        steps = set(inspect.signature(getattr(ocinb.Repository, name)).parameters)
        if verb is not None:
            whole = set(inspect.signature(verb).parameters)
            rest = whole - steps - {"progress", "auth", "layer_index", "total_layers"}
            assert not rest, f"{name} lacks {rest}"
            assert steps <= whole, name
