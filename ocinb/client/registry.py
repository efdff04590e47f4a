"""A registry, as an object to hold in a cell."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn, Protocol, Self, TypedDict

from ocinb.client.access.keychain import Keychain
from ocinb.client.advice import advice
from ocinb.client.known import Known
from ocinb.client.names import spelled, the_registry
from ocinb.client.secret import Secret, hidden
from ocinb.client.sender import Sender
from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference, OcinbError, hide_inner_frames
from ocinb.oci.reference import DOCKER_HUB, api_host, is_loopback
from ocinb.protocol.events import Event, Observer
from ocinb.protocol.messages import Conversation, Request, Response, Step, T
from ocinb.protocol.ping import Ping, ping
from ocinb.protocol.stepper import Stepper

if TYPE_CHECKING:
    from ocinb.client.repository import Repository

LOCAL = "local"  # what an embedded registry is called in references


class Embedded(Protocol):
    """A registry in this process, such as `ocinb.LocalRegistry`."""

    @property
    def repositories(self) -> tuple[str, ...]:
        """The names of its repositories."""

    def handle(self, request: Request) -> Response:
        """Answer one request."""


class Options(TypedDict, total=False):
    """What `Registry` may be told besides where it is; see there."""

    username: str | None
    password: str | Secret | None
    token: str | Secret | None
    plain_http: bool | None
    ca: str | os.PathLike[str] | None
    insecure: bool
    trust_realms: Sequence[str]


def concealed(options: Options) -> Options:
    """`options` without a secret that a traceback could print."""
    given = options.copy()
    if "password" in given:
        given["password"] = hidden(given["password"])
    if "token" in given:
        given["token"] = hidden(given["token"])
    return given


class Registry(Drawable):
    """A registry: `registry["library/alpine"]` is a repository in it.

    `where` is a host (`"ghcr.io"`, `"localhost:5000"`; `"docker.io"` is Docker Hub) or an embedded
    registry. Credentials are looked for in the arguments, the environment and the configuration of
    docker and podman, in this order. HTTPS is spoken except to this machine; `plain_http` says
    otherwise, `ca` is a file of certificates to trust, and `insecure` trusts any. `trust_realms`
    are further hosts that may be sent the credentials in exchange for a token. Nothing is sent
    before something is asked.

    Raises `InvalidReference` when `where` cannot be a registry.
    """

    name = base_url = ""  # until it is made: tracebacks print even those that cannot be
    insecure = False

    def __init__(
        self,
        where: str | Embedded,
        *,
        username: str | None = None,
        password: str | Secret | None = None,
        token: str | Secret | None = None,
        plain_http: bool | None = None,
        ca: str | os.PathLike[str] | None = None,
        insecure: bool = False,
        trust_realms: Sequence[str] = (),
    ) -> None:
        password, token = hidden(password), hidden(token)  # before anything can go wrong
        self.insecure = insecure
        self.embedded = None if isinstance(where, str) else _embedded(where)
        self.name = the_registry(where) if isinstance(where, str) else LOCAL
        local = self.embedded is not None or is_loopback(self.name)
        plain = local if plain_http is None else plain_http
        self.base_url = f"{'http' if plain else 'https'}://{api_host(self.name)}"
        self.last_ping: Ping | None = None
        self.known = Known()  # documents of all its repositories
        self._options = spelled(  # as `expression` has them, unless they are the usual ones
            plain_http=None if plain == local else plain,
            ca=ca,
            insecure=insecure or None,
            trust_realms=list(trust_realms) or None,
        )
        self._repositories: dict[str, Repository] = {}
        self._keychain = self._credentials(username, password, token)
        self._sender = Sender(
            self.base_url,
            handle=self.embedded.handle if self.embedded else None,
            credentials=self._keychain,
            ca=ca,
            insecure=insecure,
            trust_realms=trust_realms,
        )

    def __getitem__(self, name: str) -> Repository:
        """The repository `name`; on Docker Hub, `alpine` is `library/alpine`. Asks nobody."""
        from ocinb.client.repository import Repository  # noqa: PLC0415  # each makes the other

        if self.name == DOCKER_HUB and "/" not in str(name):
            name = f"library/{name}"
        if name not in self._repositories:
            Repository(name, registry=self)  # which introduces itself
        return self._repositories[name]

    __iter__ = None  # else Python would ask for repositories 0, 1, 2, …
    __contains__ = None

    def introduce(self, repository: Repository) -> None:
        """Have `repository` among those seen; the first of a name is what that name gives."""
        self._repositories.setdefault(repository.name, repository)

    def ping(self) -> Ping:
        """Ask whether a registry is there, and what it wants to know first (end-1).

        Raises `NotARegistry` when something else answers, `TransferError` when nothing does.
        """
        self.last_ping = self.converse(ping()).finish()
        return self.last_ping

    def converse(self, conversation: Conversation[T]) -> Stepper[T]:
        """Carry a conversation on with this registry, one step at a time or to its end."""
        return Stepper(self._advised(conversation), self._sent)

    @contextmanager
    def watched_by(self, *observers: Observer) -> Iterator[None]:
        """While this lasts, every event on the wire goes to `observers` too, from any thread."""
        self._sender.observers.extend(observers)
        try:
            yield
        finally:
            for observer in observers:
                with suppress(ValueError):  # somebody took it away before
                    self._sender.observers.remove(observer)

    def emit(self, event: Event) -> None:
        """Tell every observer what happened above the wire: skipped, verified."""
        self._sender.emit(event)

    @property
    def is_local(self) -> bool:
        """Whether it is embedded in this process."""
        return self.embedded is not None

    @property
    def repositories_seen(self) -> tuple[str, ...]:
        """The repositories known without asking: an embedded registry's own, else those used."""
        if self.embedded is not None:
            return self.embedded.repositories
        return tuple(sorted(self._repositories))

    @property
    def expression(self) -> str:
        """The Python that makes this registry again, without credentials."""
        where = "school" if self.is_local else repr(self.name)
        return f"ocinb.Registry({where}{self._options})"

    def expression_of(self, name: str) -> str:
        """The Python that makes the repository `name` in it again, without credentials."""
        if self.is_local:
            return f"ocinb.Repository({name!r}, registry=school)"
        return f"ocinb.Repository({f'{self.name}/{name}'!r}{self._options})"

    def close(self) -> None:
        """Close its connections; harmless when repeated. What is known already stays."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        whoever = ", whoever that is" if self.insecure else ""
        return f"<Registry {self.name} at {self.base_url}{whoever}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} holds connections and credentials: they stay in this process")

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.repositories_seen)[:500]

    def _credentials(
        self, username: str | None, password: Secret | None, token: Secret | None
    ) -> Keychain | None:
        if (username is None) != (password is None):
            raise InvalidReference(
                username or "", "pair of credentials", "username and password go together"
            )
        if self.embedded is not None and not (username or token):
            return None  # an embedded registry is nobody's account
        return Keychain(self.name, username=username, password=password, token=token)

    def _sent(self, step: Step) -> Response:
        try:
            return self._sender(step)
        except OcinbError as error:
            self._advise(error)
            raise
        except BaseException as error:  # an interrupt, a full disk, a closed registry
            hide_inner_frames(error)
            raise

    def _advise(self, error: OcinbError) -> None:
        hint = "" if error.hints else advice(error, self.name, self.expression, self._keychain)
        if hint:
            error.hint(hint)

    def _advised(self, conversation: Conversation[T]) -> Conversation[T]:
        """The same conversation, whose errors say what to do next."""
        try:
            return (yield from conversation)
        except OcinbError as error:
            self._advise(error)
            raise


def _embedded(where: Embedded) -> Embedded:
    if callable(getattr(where, "handle", None)):
        return where
    raise TypeError(
        "a registry is given as a host, such as 'ghcr.io', or as an embedded registry, "
        f"not as {type(where).__name__}"
    )
