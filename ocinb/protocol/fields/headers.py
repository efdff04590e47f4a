"""HTTP headers, what they say of lengths, and what may be shown of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ocinb.text import visible

# Only headers known to hold no secret are shown: an unknown one might.
_SHOWN_HEADERS = {
    "accept", "accept-encoding", "accept-ranges", "cache-control", "content-encoding",
    "content-length", "content-range", "content-type", "date", "docker-content-digest",
    "docker-distribution-api-version", "docker-upload-uuid", "etag", "host", "if-match",
    "if-none-match", "oci-chunk-min-length", "oci-filters-applied", "oci-namespace", "oci-subject",
    "oci-tag", "range", "ratelimit-limit", "ratelimit-remaining", "retry-after", "server",
    "transfer-encoding", "user-agent", "vary", "warning", "last-modified", "allow", "connection",
}  # fmt: skip
HIDDEN = "(hidden)"


class Headers(Mapping[str, str]):
    """HTTP headers: immutable, names without regard to case, repeated ones kept.

    Reading by name joins repeated headers with a comma, as RFC 9110 allows; `get_all` keeps them
    apart.
    """

    __slots__ = ("_by_name", "_pairs")

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        if isinstance(pairs, Headers):
            self._pairs: tuple[tuple[str, str], ...] = pairs._pairs
            self._by_name: dict[str, list[str]] = pairs._by_name
            return
        self._pairs = tuple(pairs.items() if isinstance(pairs, Mapping) else pairs)
        by_name: dict[str, list[str]] = {}
        for name, value in self._pairs:
            key = name.lower()
            if key in by_name:
                by_name[key].append(value)
            else:
                by_name[key] = [value]
        self._by_name = by_name

    def __getitem__(self, name: str) -> str:
        values = self._by_name[name.lower()]
        return values[0] if len(values) == 1 else ", ".join(values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        names = visible(", ".join(self._by_name), 512)  # and no values: some are secret
        return f"Headers({names})"

    def get_all(self, name: str) -> list[str]:
        """Every value of `name`, in the order received."""
        return list(self._by_name.get(name.lower(), ()))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Names as written, with their values, repeated ones included."""
        return self._pairs

    def content_length(self) -> int | None:
        """The bytes of body that are promised, where that is a number one can believe."""
        return length(self.get("content-length", ""))

    def having(self, **changes: str | None) -> Headers:
        """These headers with some set (`Content_Type="…"`) or, given None, removed."""
        named = {name.replace("_", "-"): value for name, value in changes.items()}
        gone = {name.lower() for name in named}
        kept = [(name, value) for name, value in self._pairs if name.lower() not in gone]
        return Headers([*kept, *((n, v) for n, v in named.items() if v is not None)])


def length(text: str) -> int | None:
    """`text` as a number of bytes: digits and nothing else, within reason."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None


def shown_headers(headers: Headers) -> Headers:
    """`headers` with the values of all but well-known harmless names hidden, made visible."""
    return Headers(
        (visible(name, 128), visible(value, 512) if name.lower() in _SHOWN_HEADERS else HIDDEN)
        for name, value in headers.pairs()
    )
