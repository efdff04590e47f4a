"""What the verbs of an image change in its config (image-spec, config.md): JSON in, JSON out.

Nothing that is there and not meant is touched, also where no spec of ours knows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from ocinb.errors import InvalidContent
from ocinb.oci.platform import Platform
from ocinb.text import visible

Json: TypeAlias = "Mapping[str, Any]"
Words: TypeAlias = "str | Iterable[str]"

_PORT = re.compile(r"([0-9]{1,5})(?:/(tcp|udp|sctp))?", re.ASCII)
_SIGNAL = re.compile(r"SIG[A-Z0-9]+(?:[+-][0-9]+)?|[0-9]{1,3}", re.ASCII)
_NANOSECONDS = 1_000_000_000
_PLATFORM = ("os", "architecture", "variant", "os.version", "os.features")


def running(config: Json, **fields: Any) -> dict[str, Any]:
    """The config with these fields of how it is run; None takes one away."""
    inner = {**_object(config, "config"), **fields}
    return {**config, "config": {k: v for k, v in inner.items() if v is not None}}


def with_environment(config: Json, values: Mapping[str, str]) -> dict[str, Any]:
    """The config with environment variables: a name that is there gets its new value in place."""
    there = {
        each.partition("=")[0]: each
        for each in _object(config, "config").get("Env") or ()
        if isinstance(each, str)
    }
    for name, value in values.items():
        if "=" in name:
            raise InvalidContent(f"an environment variable cannot be named {_shown(name)}")
        there[name] = f"{name}={value}"
    return running(config, Env=list(there.values()))


def with_members(config: Json, field: str, names: Iterable[str]) -> dict[str, Any]:
    """The config with more names in a field that is a set of them: ports, volumes."""
    there = _object(_object(config, "config"), field)
    return running(config, **{field: {**there, **{name: {} for name in names}}})


def with_labels(config: Json, labels: Mapping[str, str]) -> dict[str, Any]:
    """The config with more labels."""
    return running(config, Labels={**_object(_object(config, "config"), "Labels"), **labels})


def with_platform(config: Json, platform: Platform) -> dict[str, Any]:
    """The config for another platform, of which all is said that is known."""
    if not (platform.is_known and platform.architecture):
        raise InvalidContent(f"{platform} is no platform to build for")
    rest = {name: value for name, value in config.items() if name not in _PLATFORM}
    return {**rest, **platform.to_json()}


def with_layer(config: Json, diff_id: str, layers: int, entry: Json) -> dict[str, Any]:
    """The config with one more layer, above `layers` of them, and with the step that made it.

    Layers below that no step speaks of get one that says so: history is read beside the layers.
    """
    rootfs = _object(config, "rootfs")
    history = [each for each in config.get("history") or () if isinstance(each, dict)]
    made = sum(not each.get("empty_layer") for each in history)
    history += [{"comment": "the base image does not say"} for _ in range(layers - made)]
    return {
        **config,
        "rootfs": {**rootfs, "diff_ids": [*rootfs.get("diff_ids", ()), diff_id]},
        "history": [*history, dict(entry)],
    }


def words(given: Sequence[Words], of: str) -> list[str]:
    """An argument vector, given as words or as one list of them."""
    if len(given) == 1 and not isinstance(given[0], (str, bytes)):
        given = tuple(given[0])
    return [text(each, of) for each in given]


def text(value: object, of: str, *, empty: bool = True) -> str:
    """`value`, when it is text that can stand in a config."""
    if not isinstance(value, str):
        raise TypeError(f"{of} is text, not {type(value).__name__}")
    if "\0" in value or not (value or empty):
        raise InvalidContent(f"{of} cannot be {_shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidContent(f"{of} has half characters: {_shown(value)}") from None
    return value


def pairs(names: str | Mapping[str, str], value: str | None, of: str) -> dict[str, str]:
    """One name with its value, or many of them."""
    if isinstance(names, str):
        if value is None:
            raise TypeError(f"{of} has a name and a value")
        names = {names: value}
    elif value is not None:
        raise TypeError(f"{of} is given as a name and a value, or as a mapping alone")
    return {
        text(name, f"the name of {of}", empty=False): text(each, f"{of} {_shown(name)}")
        for name, each in names.items()
    }


def port(given: int | str) -> str:
    """A port as configs name it, with its protocol; raises `InvalidContent` for what is none."""
    match = _PORT.fullmatch(str(given).lower())
    if isinstance(given, bool) or match is None or not 0 < int(match[1]) < 65536:
        raise InvalidContent(
            f"{_shown(given)} is no port", hints=["give a number, or text such as '53/udp'"]
        )
    return f"{int(match[1])}/{match[2] or 'tcp'}"


def signal(given: int | str) -> str:
    """A signal as configs name it: SIGTERM, SIGRTMIN+3, 9."""
    if isinstance(given, bool) or not _SIGNAL.fullmatch(str(given)):
        raise InvalidContent(f"{_shown(given)} is no signal: SIGTERM, SIGRTMIN+3 or 9 would be")
    return str(given)


def user(given: int | str) -> str:
    """A user, or user:group, by name or number."""
    if isinstance(given, bool) or (isinstance(given, int) and given < 0):
        raise InvalidContent(f"{given} is no user")
    name = str(given) if isinstance(given, int) else text(given, "the user")
    if name.count(":") > 1 or any(part.startswith("-") for part in name.split(":")):
        raise InvalidContent(f"{_shown(name)} is no user, and no user:group")
    return name


def absolute(path: str, of: str, config: Json) -> str:
    """An absolute path of the image; what that is on Windows is not for us to say."""
    path = text(path, of, empty=False)
    if not path.startswith("/") and config.get("os") != "windows":
        raise InvalidContent(f"{of} is an absolute path, and {_shown(path)} is none")
    return path


def health(test: Words | None, retries: int | None, **seconds: float | None) -> dict[str, Any]:
    """A health check; None for none, also where the base has one. Times are kept in ns."""
    if test is None:
        return {"Test": ["NONE"]}
    if isinstance(test, str):
        command = ["CMD-SHELL", text(test, "the health check", empty=False)]
    else:
        command = ["CMD", *words([test], "the health check")]
    for name, value in seconds.items():
        if value is not None and not 0 <= value < 10**9:
            raise InvalidContent(f"{name} of the health check is a number of seconds, not {value}")
    if retries is not None and retries < 0:
        raise InvalidContent(f"a health check is not tried {retries} times")
    times = {
        "".join(map(str.capitalize, name.split("_"))): round(value * _NANOSECONDS)
        for name, value in seconds.items()
        if value is not None
    }
    return {"Test": command, **times, **({} if retries is None else {"Retries": retries})}


def _object(value: Json, name: str) -> dict[str, Any]:
    """The object in a field; absent, null and anything else count as an empty one."""
    found = value.get(name)
    return dict(found) if isinstance(found, dict) else {}


def _shown(value: object) -> str:
    return repr(visible(value, 80))
