"""What people name several images by, as images: text, what is bound, what is on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from ocinb.client.local import LocalRepository
from ocinb.client.moving.jobs import side_by_side
from ocinb.client.names import the_content
from ocinb.client.registry import Embedded, Registry
from ocinb.client.remote import Remote, RemoteArtifact, RemoteImage, RemoteIndex
from ocinb.client.several.failures import Failure
from ocinb.client.several.working import Trouble, attempted
from ocinb.errors import InvalidReference, NotSupported
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.platform import Platform, choose
from ocinb.oci.reference import Reference

ALL = "all"  # in place of a platform: every image of an index

Named: TypeAlias = "str | Reference | Remote | LocalRepository"


@dataclass(frozen=True)
class Target:
    """One image that is asked about, as it was named; `platform` is empty where nobody said it."""

    reference: str
    platform: str
    image: RemoteImage


@dataclass(frozen=True)
class _Asked:
    """What was named, and how to get it."""

    name: str
    get: Callable[[], Remote]


@contextmanager
def asked_about(
    references: Named | Iterable[Named],
    platform: str | Platform | None,
    registry: Registry | Embedded | None,
    *,
    size: int,
    configs: bool,
) -> Iterator[tuple[tuple[Target, ...], tuple[Failure, ...]]]:
    """While this lasts, the images that `references` stand for, and what could not be had.

    What is given twice is there once. Connections that were opened for it are closed at the end.
    With `configs`, these are fetched as well.
    """
    every = platform == ALL
    wanted = None if every else _the_platform(platform)
    with ExitStack() as opened:
        asked = list(_asked(_several(references), registry, opened))
        jobs = [partial(_images, each, wanted, every=every, configs=configs) for each in asked]
        found = [each for some in side_by_side(jobs, size) for each in some]
        targets = _distinct(each for each in found if isinstance(each, Target))
        yield targets, tuple(each for each in found if isinstance(each, Failure))


def labels(targets: Sequence[Target]) -> tuple[str, ...]:
    """A name for each, by which they can be told apart."""
    several = Counter(each.reference for each in targets)
    return tuple(
        f"{each.reference} {each.platform}".rstrip()
        if several[each.reference] > 1
        else each.reference
        for each in targets
    )


def _several(references: Named | Iterable[Named]) -> Iterable[Named]:
    one = (str, Reference, RemoteIndex, RemoteImage, RemoteArtifact, LocalRepository)
    return [references] if isinstance(references, one) else references


def _the_platform(platform: str | Platform | None) -> Platform | None:
    return Platform.parse(platform) if isinstance(platform, str) else platform


def _asked(
    references: Iterable[Named], registry: Registry | Embedded | None, opened: ExitStack
) -> Iterator[_Asked]:
    """Each of them before anything is sent; raises `TypeError` for what names no image."""
    if registry is not None and not isinstance(registry, Registry):
        registry = opened.enter_context(Registry(registry))
    known: dict[str, Registry] = {}
    for each in references:
        if isinstance(each, LocalRepository):
            yield from _in_it(each)
        elif isinstance(each, (RemoteIndex, RemoteImage, RemoteArtifact)):
            yield _Asked(each.reference, partial(_itself, each))
        elif isinstance(each, (str, Reference)):
            yield _by_name(str(each), registry, known, opened)
        else:
            raise TypeError(
                "images are named by text, such as 'docker.io/library/alpine:3.20', or given as "
                f"what a tag stands for or as what ocinb.open gives, not as {type(each).__name__}"
            )


def _by_name(
    text: str, given: Registry | None, known: dict[str, Registry], opened: ExitStack
) -> _Asked:
    try:
        if given is not None:
            name, reference = the_content(text, given.name)
            registry = given
        else:
            parsed = Reference.parse(text)
            name, reference = parsed.repository, parsed.identifier
            if parsed.registry not in known:
                known[parsed.registry] = opened.enter_context(Registry(parsed.registry))
            registry = known[parsed.registry]
        repository = registry[name]
    except InvalidReference as error:
        return _Asked(text, partial(_raised, error))
    return _Asked(repository.at(reference), lambda: repository[reference])


def _in_it(local: LocalRepository) -> Iterator[_Asked]:
    """All that is listed in it: by name, and where it has none, by digest."""
    named = set()
    for name in local:
        named.add(local.names.find(name))
        yield _Asked(local.at(name), partial(local.__getitem__, name))
    digests = {each.digest for each in named if each is not None}
    for position, root in enumerate(local.roots):
        if root.digest not in digests:
            yield _Asked(local.at(root.digest), partial(local.__getitem__, position))


def _itself(found: Remote) -> Remote:
    return found


def _raised(error: InvalidReference) -> Remote:
    raise error


def _images(
    asked: _Asked, platform: Platform | None, *, every: bool, configs: bool
) -> list[Target | Failure]:
    """The images that what was `asked` for stands for; one that cannot be had is a failure."""
    found = attempted(asked.get)
    if isinstance(found, Trouble):
        return [Failure(asked.name, "", found)]
    if isinstance(found, RemoteIndex) and every:
        entries = found.index.images
        if not entries:
            return [Failure(asked.name, "", NotSupported(f"{asked.name} has no images in it"))]
        return [
            _target(asked.name, each, partial(_child, found, each), configs=configs)
            for each in entries
        ]
    return [_target(asked.name, None, partial(_image, found, platform), configs=configs)]


def _target(
    name: str, entry: Descriptor | None, get: Callable[[], RemoteImage], *, configs: bool
) -> Target | Failure:
    def whole() -> RemoteImage:
        found = get()
        if configs:
            _ = found.config  # fetched now, and kept
        return found

    image = attempted(whole)
    if isinstance(image, Trouble):
        said = str(entry.platform) if entry and entry.platform else ""
        return Failure(name, said, image)
    platform = image.platform
    return Target(name, str(platform) if platform and platform.is_known else "", image)


def _child(index: RemoteIndex, entry: Descriptor) -> RemoteImage:
    return _an_image(index.child(entry))


def _image(found: Remote, platform: Platform | None) -> RemoteImage:
    """The image for a platform, as a container engine would choose it where several would do."""
    if isinstance(found, RemoteIndex):
        return found.image(platform)
    image = _an_image(found)
    if platform is None:
        return image
    said = image.platform or image.config.platform
    if choose(platform, [said]) is None:
        what = f"{image.reference} is for {said}" if said.is_known else "the image names none"
        raise InvalidReference(str(platform), "platform", what)
    return image


def _an_image(found: Remote) -> RemoteImage:
    if isinstance(found, RemoteImage):
        return found
    raise NotSupported(f"{found.reference} is no image: {found!r}")


def _distinct(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Each once; where two others have the same name and platform, with a number behind."""
    found: Mapping[tuple[str, str, str], Target] = {
        (each.reference, each.platform, each.image.digest): each for each in targets
    }
    seen: Counter[tuple[str, str]] = Counter()
    made = []
    for each in found.values():
        seen[each.reference, each.platform] += 1
        count = seen[each.reference, each.platform]
        made.append(each if count == 1 else replace(each, reference=f"{each.reference} ({count})"))
    return tuple(made)
