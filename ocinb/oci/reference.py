"""References: the names that people give content, `registry/repository:tag@digest`.

Grammar: distribution-spec, spec.md#pulling-manifests, and the reference grammar that docker,
containerd and crane share, with their conventions for Docker Hub.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference
from ocinb.oci.digest import Digest, looks_like_digest
from ocinb.text import redacted_url, visible, without_user

DOCKER_HUB = "docker.io"
DEFAULT_TAG = "latest"
_HUB_API_HOST = "registry-1.docker.io"
_HUB_ALIASES = {"index.docker.io": DOCKER_HUB}
_LONGEST = 1_024
_LONGEST_PATH = 255

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*", re.ASCII)
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", re.ASCII)
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(
    rf"(?P<name>{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::(?P<port>[0-9]+))?", re.ASCII
)
_IMAGE_ID = re.compile(r"[a-f0-9]{64}", re.ASCII)


def check_host(text: str) -> str:
    """`text` when it is a registry's `host[:port]`; raises `InvalidReference` otherwise."""
    match = _HOST.fullmatch(text) if len(text) <= _LONGEST else None
    if not match:
        raise InvalidReference(text, "registry", "it must read host or host:port")
    if match["port"] and not 1 <= int(match["port"]) <= 65535:
        raise InvalidReference(text, "registry", "a port lies between 1 and 65535")
    return text


def check_repository(text: str) -> str:
    """`text` when it is a repository's name, without its registry."""
    if len(text) > _LONGEST_PATH:
        raise InvalidReference(text, "repository", f"it has more than {_LONGEST_PATH} characters")
    if _PATH.fullmatch(text):
        return text
    hints = []
    if text != text.lower() and _PATH.fullmatch(text.lower()):
        hints.append(f"write {text.lower()!r}")
    raise InvalidReference(
        text,
        "repository",
        "each part between slashes is made of a-z and 0-9, joined by one '.', one or two '_' "
        "or any number of '-'",
        hints=hints,
    )


def check_tag(text: str) -> str:
    """`text` when it is a tag."""
    if not _TAG.fullmatch(text):
        raise InvalidReference(
            text,
            "tag",
            "up to 128 letters, digits, '_', '.' and '-', and neither '.' nor '-' first",
        )
    return text


def identifier(text: str) -> str:
    """`text` as what a manifest is asked for by: a `Digest` when it has a colon, else a tag."""
    return Digest(text) if ":" in text else check_tag(text)


@dataclass(frozen=True)
class Reference(Drawable):
    """A name for content: where it is, and under which tag or digest.

    `registry` is `host[:port]`, with `docker.io` for Docker Hub. With a digest, the digest
    decides and the tag is only shown.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """What `text` names, by docker's rules: Docker Hub, `library/` and `:latest` are implied.

        Raises `InvalidReference` naming the part and the rule it breaks.
        """
        _refuse_what_is_no_reference(text)
        registry, rest = _split_registry(text)
        rest, at, digest = rest.partition("@")
        folder, slash, last = rest.rpartition("/")
        last, colon, tag = last.rpartition(":") if ":" in last else (last, "", "")
        repository = f"{folder}{slash}{last}"
        if registry == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        if last == "":
            raise InvalidReference(text, "reference", "there is no repository in it")
        return cls(
            check_host(registry),
            check_repository(repository),
            check_tag(tag) if colon else None if at else DEFAULT_TAG,
            Digest(digest) if at else None,
        )

    @property
    def identifier(self) -> str:
        """What a registry is asked for: the digest when there is one, else the tag."""
        return self.digest or self.tag or DEFAULT_TAG

    @property
    def name(self) -> str:
        """The repository with its registry."""
        return f"{self.registry}/{self.repository}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    def __repr__(self) -> str:
        return f"<Reference {visible(self, 512)}>"


def api_host(registry: str) -> str:
    """The host that answers the API of `registry`: Docker Hub's is another than its name."""
    return _HUB_API_HOST if registry == DOCKER_HUB else registry


def canonical_registry(text: str) -> str:
    """`text` as a registry's name: checked, aliases of Docker Hub replaced."""
    registry = _HUB_ALIASES.get(text.lower(), text)
    if "://" in text or "/" in text:
        raise InvalidReference(
            redacted_url(without_user(text)),
            "registry",
            "it must read host or host:port",
            hints=["leave out http:// and paths"],
        )
    return check_host(registry)


def is_loopback(registry: str) -> bool:
    """Whether `registry` is this machine by its very name, and so may speak plain HTTP."""
    match = _HOST.fullmatch(registry)
    name = match["name"].strip("[]").lower() if match else ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _refuse_what_is_no_reference(text: object) -> None:
    if not isinstance(text, str):
        raise InvalidReference(text, "reference", f"it is {type(text).__name__}, not text")
    if not text:
        raise InvalidReference(text, "reference", "it is empty")
    if len(text) > _LONGEST:
        raise InvalidReference(text, "reference", f"it has more than {_LONGEST:,} characters")
    if "://" in text:
        shown = redacted_url(without_user(text))  # people paste passwords, too
        hint = f"write '{shown.partition('://')[2]}'"
        raise InvalidReference(shown, "reference", "it has a scheme", hints=[hint])
    if _IMAGE_ID.fullmatch(text):
        raise InvalidReference(
            text,
            "reference",
            "64 hex digits alone are an image id, not a name",
            hints=[f"a digest needs its algorithm and a repository: name@sha256:{text}"],
        )


def tag_of(asked: str) -> str | None:
    """The tag in what was `asked` for: a tag, or a full name with one; None for a digest."""
    if looks_like_digest(asked):
        return None
    return Reference.parse(asked).tag if "/" in asked or ":" in asked else asked


def _split_registry(text: str) -> tuple[str, str]:
    """The first part is a registry when it could not be a folder of Docker Hub."""
    first, slash, rest = text.partition("/")
    is_host = "." in first or ":" in first or first == "localhost" or first != first.lower()
    if not slash or not is_host:
        return DOCKER_HUB, text
    return _HUB_ALIASES.get(first, first), rest
