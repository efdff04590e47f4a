"""Who asks, as it is said in a call: `auth=`."""

from __future__ import annotations

from typing import TypedDict, cast

from ocinb.client.access.keychain import Keychain
from ocinb.client.secret import Secret
from ocinb.errors import InvalidReference


class Account(TypedDict, total=False):
    """A token as it is sent, or a name with a password; nothing at all is nobody."""

    token: str | Secret | None
    username: str | Secret | None
    password: str | Secret | None


def hidden_account(auth: Account | None) -> Account | None:
    """The same, as far as it can be used, without a secret that a traceback could print.

    It never raises: its own variables would be printed, too.
    """
    return cast("Account | None", _hidden(auth))


def _hidden(auth: object) -> object:
    if isinstance(auth, dict):
        return {name: _hidden(value) for name, value in auth.items()}
    return Secret(auth) if isinstance(auth, str) else auth


def keychain_of(auth: Account, host: str) -> Keychain | None:
    """Credentials of an account, already hidden, for a host; None for nobody.

    Blank ones are none; a token is used before a name. Raises `TypeError` for what is no account.
    """
    names = Account.__annotations__.keys()
    if not isinstance(cast("object", auth), dict) or not auth.keys() <= names:
        raise TypeError(
            "auth= is {'token': …}, {'username': …, 'password': …}, {} for nobody, or None for "
            "what the registry was given"
        )
    if not all(value is None or isinstance(value, Secret) for value in auth.values()):
        raise TypeError("token, username and password are text")
    token, username, password = (_secret(auth, name) for name in names)
    if token:
        return Keychain(host, token=token)
    if ("username" in auth) != ("password" in auth):
        raise InvalidReference(
            "(hidden)", "pair of credentials", "username and password go together"
        )
    known = username and password
    return Keychain(host, username=username.reveal(), password=password) if known else None


def _secret(auth: Account, name: str) -> Secret:
    value = auth.get(name)
    return value if isinstance(value, Secret) else Secret()
