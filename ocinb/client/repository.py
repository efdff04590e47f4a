"""A repository in a registry, as an object to hold in a cell; what it can do is in `verbs/`."""

from __future__ import annotations

from typing import Self, Unpack

from ocinb.client.names import the_name, the_repository
from ocinb.client.registry import Embedded, Options, Registry, concealed
from ocinb.client.remote import Remote, bind
from ocinb.client.verbs.attaching import Attaching
from ocinb.client.verbs.choosing import Choosing
from ocinb.client.verbs.composing import Composing
from ocinb.client.verbs.copying import Copying
from ocinb.client.verbs.deleting import Deleting
from ocinb.client.verbs.pulling import Pulling
from ocinb.client.verbs.sizing import Sizing
from ocinb.client.verbs.streaming import Streaming
from ocinb.client.verbs.uploading import Uploading
from ocinb.drawable import Drawable


class Repository(
    Pulling,
    Streaming,
    Choosing,
    Sizing,
    Composing,
    Copying,
    Attaching,
    Uploading,
    Deleting,
    Drawable,
):
    """A repository: `repository["v1"]` is what the tag points to, bound to where it came from.

    `name` is a full name (`"ghcr.io/owner/app"`, `"alpine"` for Docker Hub's) or, with
    `registry`, the name within that registry; an embedded registry will do. The options are
    those of `Registry`. Nothing is sent before something is asked.

    Where content is moved, `progress` is True to show bars, False for nothing, None for bars in a
    notebook only, or something to call with a `ProgressInfo` for each piece that moved. With
    `auth`, one call is made as somebody else, as `Registry.as_` says.

    Raises `InvalidReference` naming the part of `name` that breaks a rule.
    """

    def __init__(
        self,
        name: str,
        *,
        registry: Registry | Embedded | None = None,
        **options: Unpack[Options],
    ) -> None:
        options = concealed(options)
        if isinstance(registry, Registry) and options:
            raise TypeError(f"{', '.join(options)}: to be given to the registry, which is there")
        self._opened_registry = not isinstance(registry, Registry)
        if registry is None:
            reference = the_repository(name)
            registry, name = Registry(reference.registry, **options), reference.repository
        elif not isinstance(registry, Registry):
            registry = Registry(registry, **options)
        self.registry = registry
        self.name = the_name(name, registry.expression)
        registry.introduce(self)

    def __getitem__(self, reference: str) -> Remote:
        """What a tag or digest stands for: `RemoteIndex`, `RemoteImage` or `RemoteArtifact`.

        One request; none for a digest that was fetched before. Raises `NotFound` naming the
        nearest tags, and `DigestMismatch` for other content than the digest's.
        """
        return bind(self, reference, self.manifest(reference))

    __iter__ = None  # else Python would ask for the tags 0, 1, 2, …
    __contains__ = None

    def close(self) -> None:
        """Close the connections to its registry, unless that was given and others may use it."""
        if self._opened_registry:
            self.registry.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Repository {self.full_name if hasattr(self, 'name') else 'that is none'}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.known_tags or ())[:500]
