"""How it looks what a registry can do, and which repositories it lists."""

from __future__ import annotations

from ocinb.display import frames, parts
from ocinb.display.answers import ping_facts
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, counted, dim, listed
from ocinb.display.view import Block, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.display.wire import endpoint_word
from ocinb.protocol.capabilities import Capabilities
from ocinb.protocol.catalog import CatalogList
from ocinb.protocol.probes.findings import Capability, Verdict

_SHOWN = 50
_VERDICTS: dict[Verdict, Word] = {
    "yes": Word("✓\u00a0yes", tone="good"),
    "no": Word("✗\u00a0no", tone="bad"),
    "unknown": Word("?\u00a0unknown", tone="warn"),
    "not asked": Word("–\u00a0not\u00a0asked", tone="dim"),
}
# What is so or not, and what registries do beyond what is asked of them: nobody misses it.
_FACTS = frozenset({"referrers_tag", "chunk_minimum"})
_EXTRAS = frozenset({"etag", "if_match", "single_post", "anonymous_mount", "several_tags"})
_COLUMNS = ("capability", "verdict", "spec", "how we know")


def verdict_counts(value: Capabilities) -> Word:
    """How many of each verdict there are."""
    verdicts = [each.verdict for each in value]
    said = [f"{verdicts.count(each)} {each}" for each in _VERDICTS if each in verdicts]
    return dim(f"· {', '.join(said)}")


def capability_blocks(value: Capabilities, *, door: bool = False) -> tuple[Block, ...]:
    """Where it was asked, and each verdict with how it is known; what it said at the `door`."""
    facts = Facts(
        [
            *(ping_facts(value.ping) if door else ()),
            ("asked of", code(value.repository) if value.repository else ""),
            ("tried in", code(value.scratch) if value.scratch else ""),
        ]
    )
    reading = [each for each in value if not each.writes]
    found = _table("Found by reading", reading, fold=bool(value.scratch))
    return (facts, *_left(value), found, *_tried(value))


@view.register
def _capabilities(value: Capabilities) -> View:
    blocks = capability_blocks(value, door=True)
    return View("Capabilities", code(value.registry), verdict_counts(value), blocks)


def _tried(value: Capabilities) -> tuple[Block, ...]:
    """What only writing shows: folded away, and how to ask, when nobody did."""
    writing = [each for each in value if each.writes]
    if value.scratch:
        return (_table("Found by writing", writing, fold=True), *_made(value))
    how = (dim("a few bytes in a repository of your choice tell:"), code("scratch='…'"))
    return (
        Fold(
            ("Found only by writing", dim(f"({len(writing)}, not asked)")),
            (Say(how), Say(listed(each.title for each in writing))),
        ),
    )


def _table(heading: str, found: list[Capability], *, fold: bool) -> Fold:
    """All that was `found`; with `fold`, what can be done stands behind what cannot."""
    good = [each for each in found if each.verdict == "yes"] if fold else []
    others = [each for each in found if each not in good]
    blocks: list[Block] = [Table(_COLUMNS, others, _row)] if others else []
    if good:
        which = (_VERDICTS["yes"], dim(f"({len(good)})"))
        blocks.append(Fold(which, (Table(_COLUMNS, good, _row),), open=not others))
    return Fold((heading, dim(f"({len(found)})")), tuple(blocks), open=True)


def _row(each: Capability) -> Row:
    title = Word(each.title, title=f".{each.name}")
    return Row((title, _verdict(each), endpoint_word(each.endpoint), dim(each.evidence)))


def _verdict(each: Capability) -> Word:
    word = _VERDICTS[each.verdict]
    if each.name in _FACTS or (each.name in _EXTRAS and each.verdict == "no"):
        return dim(f"–{word.text[1:]}" if each.verdict == "no" else word.text)
    return word


def _made(value: Capabilities) -> tuple[Block, ...]:
    if not value.made:
        return ()
    heading = ("Pushed for this", dim(f"({len(value.made)}, {len(value.left)} left)"))
    return (Fold(heading, (Say(listed(value.made)),)),)


def _left(value: Capabilities) -> tuple[Block, ...]:
    if not value.left:
        return ()
    said = Word(f"! Left in {value.scratch}, since it could not be deleted:", tone="warn")
    return (Say((said, *listed(value.left))),)


def catalog_blocks(value: CatalogList) -> tuple[Block, ...]:
    """The repositories with the Python that makes each, and what is odd about the list."""

    def row(name: str) -> Row:
        return Row((code(name), code(f"{value.expression}[{name!r}]") if value.expression else ""))

    blocks: list[Block] = []
    if value.names:
        blocks.append(Table(("repository", "in Python"), value.names, row))
    if value.note:
        blocks.append(Say((Word("! The list broke off:", tone="warn"), Word(value.note))))
    if value.odd:
        odd = listed(value.odd[:_SHOWN])
        blocks.append(Say((Word("! Names that no repository can have:", tone="warn"), *odd)))
    blocks.append(Say(dim("A registry need not list all that it has.")))
    return tuple(blocks)


def catalog_summary(value: CatalogList) -> Word:
    """How many repositories there are, and whether that is the whole list."""
    count = counted(len(value.names), "repository", "repositories")
    pages = f", {counted(value.pages, 'page')}" if value.pages else ""
    said = f"· {count}{pages}, {'' if value.complete else 'in'}complete"
    return Word(said, tone="dim" if value.complete else "warn")


@view.register
def _catalog(value: CatalogList) -> View:
    commands = parts.commands(
        parts.crane("catalog", value.registry), parts.oras("repo ls", value.registry)
    )
    blocks = (*catalog_blocks(value), *commands)
    return View("Catalog", code(value.registry), catalog_summary(value), blocks)


@rows.register
def _capability_rows(value: Capabilities) -> Rows:
    found = (
        {
            **vars(each),
            "registry": value.registry,
            "capability": each.name,
            "endpoint": each.endpoint.id,
            "link": each.endpoint.link,
        }
        for each in value
    )
    attrs = {
        "registry": value.registry,
        "repository": value.repository,
        "scratch": value.scratch,
        "left": " ".join(value.left),
    }
    return Rows(frames.CAPABILITY, found, attrs)


@rows.register
def _catalog_rows(value: CatalogList) -> Rows:
    attrs = {"registry": value.registry, "complete": value.complete, "pages": value.pages}
    found = ({"registry": value.registry, "repository": name} for name in value.names)
    return Rows(frames.REPOSITORY, found, attrs)
