"""How a registry looks: what it said of itself, what it can do, and which repositories it has."""

from __future__ import annotations

from ocinb.client.registry import Registry
from ocinb.display import frames, parts
from ocinb.display.answers import ping_facts
from ocinb.display.capabilities import (
    capability_blocks,
    catalog_blocks,
    catalog_summary,
    verdict_counts,
)
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, dim, listed
from ocinb.display.view import Block, Cell, Facts, Fold, Say, View, Word, view

_MOST = 50


@view.register
def _registry(value: Registry) -> View:
    facts: list[tuple[Cell, Cell]] = [("address", code(value.base_url))]
    if value.insecure:
        facts.append(("certificates", Word("✗ not checked: whoever that is", tone="bad")))
    if value.last_ping is not None:
        facts += ping_facts(value.last_ping)
    elif not value.is_local:
        facts.append(("ping", parts.not_loaded(f"{value.expression}.ping()")))
    where = "· in this process" if value.is_local else ""
    facts += _limits(value)
    said = (*_warned(value), *_able(value), *_catalogued(value), *_repositories(value))
    blocks = (Facts(facts), *said, *_registry_commands(value))
    return View("Registry", code(value.name), dim(where) if where else "", blocks)


@rows.register
def _registry_rows(value: Registry) -> Rows:
    found = ({"registry": value.name, "repository": name} for name in value.repositories_seen)
    return Rows(frames.REPOSITORY, found, {"registry": value.name})


def _limits(registry: Registry) -> list[tuple[Cell, Cell]]:
    """How much may still be asked, as the registry last said."""
    limit = registry.rate_limit
    if limit is None:
        return []
    left = "" if limit.remaining is None else f"{limit.remaining:,} left of "
    window = limit.window_seconds
    each = "" if window is None else f" in {window:,} seconds"
    empty = limit.remaining == 0
    return [
        ("rate limit", Word(f"{left}{limit.limit:,} requests{each}", tone="bad" if empty else ""))
    ]


def _warned(registry: Registry) -> tuple[Block, ...]:
    """What the registry warned of: for people to read (C42)."""
    return tuple(Say((Word("! It warns:", tone="warn"), Word(said))) for said in registry.warnings)


def _able(registry: Registry) -> tuple[Block, ...]:
    """What it can do: as far as that was found out, else how to."""
    found = registry.known_capabilities
    if found is None:
        return (Facts([("can do", parts.not_loaded(f"{registry.expression}.capabilities()"))]),)
    heading = ("What it can do", verdict_counts(found))
    return (Fold(heading, capability_blocks(found)),)


def _catalogued(registry: Registry) -> tuple[Block, ...]:
    """The repositories that it listed, if it was asked."""
    found = registry.known_catalog
    if found is None:
        return ()
    return (Fold(("What it lists", catalog_summary(found)), catalog_blocks(found)),)


def _repositories(registry: Registry) -> tuple[Block, ...]:
    names = registry.repositories_seen
    if not names:
        return ()
    more = len(names) - _MOST
    rest: tuple[Cell, ...] = (dim(f"… {more:,} more"), code(".to_frame()")) if more > 0 else ()
    heading = "Repositories" if registry.is_local else "Repositories used so far"
    said = Say((*listed(names[:_MOST]), *rest))
    return (Fold((heading, dim(f"({len(names):,})")), (said,), open=True),)


def _registry_commands(registry: Registry) -> tuple[Fold, ...]:
    return parts.commands(
        ("Python", registry.expression),
        parts.crane("catalog", registry.name),
        parts.oras("repo ls", registry.name),
    )
