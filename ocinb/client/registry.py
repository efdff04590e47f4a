"""A registry, as an object to hold in a cell."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import NoneType
from typing import TYPE_CHECKING, NoReturn, Protocol, Self, TypedDict

from ocinb.client import limits
from ocinb.client.access.account import Account, hidden_account, keychain_of
from ocinb.client.access.keychain import Keychain
from ocinb.client.advice import advice
from ocinb.client.known import Known
from ocinb.client.moving.crew import USUAL, Crew
from ocinb.client.moving.indexes import Indexes
from ocinb.client.moving.shelves import Caching, the_cache
from ocinb.client.names import LOCAL, spelled, the_registry, within
from ocinb.client.overview import Overview
from ocinb.client.secret import Secret, hidden
from ocinb.client.sender import Sender
from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference, OcinbError, hide_inner_frames
from ocinb.oci.reference import DOCKER_HUB, api_host, is_loopback
from ocinb.protocol.elsewhere import sent_by
from ocinb.protocol.events import Event, Observer
from ocinb.protocol.fields.rate_limit import RateLimit
from ocinb.protocol.messages import Conversation, Request, Response, Step, T
from ocinb.protocol.referring.referrers_api import ReferrersApi
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.tagging import Tagging
from ocinb.storage.cache import Cache

if TYPE_CHECKING:
    from ocinb.client.repository import Repository


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
    anonymous: bool
    concurrency: int
    timeout: float
    attempts: int
    cache: Caching


def concealed(options: Options) -> Options:
    """`options` without a secret that a traceback could print."""
    given = options.copy()
    if "password" in given:
        given["password"] = hidden(given["password"])
    if "token" in given:
        given["token"] = hidden(given["token"])
    return given


class Registry(Overview, Drawable):
    """A registry: `registry["library/alpine"]` is a repository in it.

    `where` is a host (`"ghcr.io"`, `"localhost:5000"`; `"docker.io"` is Docker Hub) or an embedded
    registry. Credentials are looked for in the arguments, the environment and the configuration of
    docker and podman, in this order. HTTPS is spoken except to this machine; `plain_http` says
    otherwise, `ca` is a file of certificates to trust, and `insecure` trusts any. `trust_realms`
    are further hosts that may be sent the credentials in exchange for a token; with `anonymous`,
    none are looked for and none are sent. At most `concurrency` blobs move at a time; after
    `timeout` seconds without a byte, and `attempts` of a request, it is given up. Blobs come
    through `cache`: True for the usual one, or a folder, or an `ocinb.Cache`; none without a word,
    since it costs a second copy of all that is pulled. Nothing is sent before something is asked.

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
        anonymous: bool = False,
        concurrency: int = USUAL,
        timeout: float = limits.USUAL_TIMEOUT,
        attempts: int = limits.USUAL_ATTEMPTS,
        cache: Caching = None,
    ) -> None:
        password, token = hidden(password), hidden(token)  # before anything can go wrong
        self.insecure = insecure
        self.embedded = None if isinstance(where, str) else _embedded(where)
        self.name = the_registry(where) if isinstance(where, str) else LOCAL
        local = self.embedded is not None or is_loopback(self.name)
        plain = local if plain_http is None else plain_http
        self.base_url = f"{'http' if plain else 'https'}://{api_host(self.name)}"
        self.referrers_api = ReferrersApi()  # where it was found usable, and where not
        self.cache = the_cache(cache)
        self.indexes = Indexes(self.cache)  # of layers that were looked into
        self.known = Known()  # documents of all its repositories
        self.tagging = Tagging()
        self._options = spelled(  # as `expression` has them, unless they are the usual ones
            plain_http=None if plain == local else plain,
            ca=ca,
            insecure=insecure or None,
            trust_realms=list(trust_realms) or None,
            anonymous=anonymous or None,
            concurrency=_unless(concurrency, USUAL),
            timeout=_unless(timeout, limits.USUAL_TIMEOUT),
            attempts=_unless(attempts, limits.USUAL_ATTEMPTS),
            cache=cache.folder if isinstance(cache, Cache) else cache or None,
        )
        self._repositories: dict[str, Repository] = {}
        self._keychain = self._credentials(username, password, token, anonymous=anonymous)
        self._sender = Sender(
            self.base_url,
            handle=self.embedded.handle if self.embedded else None,
            credentials=self._keychain,
            ca=ca,
            insecure=insecure,
            trust_realms=limits.the_realms(trust_realms),
            retry=limits.the_retry(attempts),
            timeouts=limits.the_timeouts(timeout),
        )
        self.concurrency = limits.the_concurrency(concurrency)
        self._crew = Crew(self.concurrency, self.converse)

    def __getitem__(self, name: str) -> Repository:
        """The repository `name`; on Docker Hub, `alpine` is `library/alpine`. Asks nobody.

        The name may have this registry's own before it.
        """
        from ocinb.client.repository import Repository  # noqa: PLC0415  # each makes the other

        name = name if self.is_local else within(name, self.name)
        if self.name == DOCKER_HUB and "/" not in str(name):
            name = f"library/{name}"
        if name not in self._repositories:
            Repository(name, registry=self)  # which introduces itself
        return self._repositories[name]

    __iter__ = None  # else Python would ask for repositories 0, 1, 2, …
    __contains__ = None

    def as_(self, auth: Account | None) -> Registry:
        """The same registry as somebody else sees it, over the same connections.

        `auth` is `{"token": …}`, `{"username": …, "password": …}`, or `{}` for nobody; blank ones
        are nobody, and None is who this one asks for. Neither tokens nor what is known is shared.
        """
        auth = hidden_account(auth)
        if auth is None:
            return self
        keychain = keychain_of(auth, self.name)
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._repositories, twin.known, twin.indexes = {}, Known(), Indexes(self.cache)
        twin.last_ping = twin.known_catalog = twin.known_capabilities = None
        twin._keychain, twin._sender = keychain, self._sender.as_(keychain)
        twin._crew = Crew(self.concurrency, twin.converse)
        return twin

    def introduce(self, repository: Repository) -> None:
        """Have `repository` among those seen; the first of a name is what that name gives."""
        self._repositories.setdefault(repository.name, repository)

    def converse(self, conversation: Conversation[T]) -> Stepper[T]:
        """Carry a conversation on with this registry, one step at a time or to its end."""
        return Stepper(self._advised(conversation), self._sent)

    def together(self, conversations: Iterable[Conversation[T]], /) -> Conversation[list[T]]:
        """Carry conversations on side by side; what they come to, in their order.

        It tells what happens in this thread. Raises the first error, which stops the others.
        """
        return self._crew.together(conversations)

    def elsewhere(self, conversation: Conversation[T]) -> Conversation[T]:
        """The same conversation with this registry as a part of one with another: each of its steps
        is sent from here, and its errors are advised as from here."""
        return sent_by(self._sent, self._advised(conversation))

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
    def warnings(self) -> tuple[str, ...]:
        """What it warned of so far, for people to read: each once, in the order heard (C42)."""
        return self._sender.notices.warnings

    @property
    def rate_limit(self) -> RateLimit | None:
        """How much it still lets us ask, by its last answer that said so; None before (Q-1)."""
        return self._sender.notices.rate_limit

    @property
    def place(self) -> str:
        """Where it is, the same for all who ask the same registry."""
        return self.base_url if self.embedded is None else f"embedded {id(self.embedded)}"

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
        listed = self.known_catalog or ()
        return list(dict.fromkeys((*self.repositories_seen, *listed)))[:500]

    def _credentials(
        self,
        username: str | None,
        password: Secret | None,
        token: Secret | None,
        *,
        anonymous: bool,
    ) -> Keychain | None:
        given = (username, password, token)
        if not all(isinstance(each, (str, Secret, NoneType)) for each in given):
            raise TypeError("username, password and token are text")
        if (username is None) != (password is None):
            raise InvalidReference(
                username or "", "pair of credentials", "username and password go together"
            )
        if anonymous and (username or token):
            raise InvalidReference(
                username or "(hidden)", "account", "anonymous=True is for asking without any"
            )
        if anonymous or (self.embedded is not None and not (username or token)):
            return None  # an embedded registry is nobody's account
        return Keychain(self.name, username=username, password=password, token=token)

    def _sent(self, step: Step) -> Response:
        if step.sent_by is not None and step.sent_by != self._sent:
            return step.sent_by(step)
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


def _unless(option: T, usual: T) -> T | None:
    """`option`, unless it is the usual one."""
    return None if option == usual else option


def _embedded(where: Embedded) -> Embedded:
    if callable(getattr(where, "handle", None)):
        return where
    raise TypeError(
        "a registry is given as a host, such as 'ghcr.io', or as an embedded registry, "
        f"not as {type(where).__name__}"
    )
