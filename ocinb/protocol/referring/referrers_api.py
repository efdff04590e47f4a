"""The referrers API of a registry (end-12): what is asked of it, and whether there is one."""

from __future__ import annotations

from ocinb.errors import InvalidContent, NotSupported, UnexpectedAnswer
from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import parse_manifest
from ocinb.protocol import endpoints
from ocinb.protocol.fields.encoding import plain
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Response, Step
from ocinb.text import visible

_NO_API = (400, 404, 405, 406, 501)  # how registries say that they do not know end-12
_LISTING_TYPES = (media_types.INDEX, "application/json")


class ReferrersApi:
    """In which repositories the referrers API was found usable, and in which it was not (R-3).

    Kept as long as the registry is talked to. What was usable once stays so: a 404 later is some
    other trouble.
    """

    def __init__(self) -> None:
        self._usable: dict[str, bool] = {}

    def usable(self, name: str) -> bool | None:
        """Whether it can be used in the repository `name`; None where nobody found out."""
        return self._usable.get(name)

    def learn(self, name: str, response: Response, *, usable: bool) -> None:
        """Keep what an answer showed.

        404 with a reason of the registry's own only says that something is not there: the subject,
        or the project (R-2).
        """
        vague = response.status == 404 and response.refusal().code not in ("", "UNSUPPORTED")
        if usable or not vague:
            self._usable[name] = usable or self._usable.get(name, False)


def listing_step(name: str, subject: Digest, artifact_type: str = "") -> Step:
    """The step that asks for the first page of what refers to `subject`."""
    query = {"artifactType": artifact_type} if artifact_type else None
    endpoint = endpoints.LIST_REFERRERS_OF_TYPE if query else endpoints.LIST_REFERRERS
    url = endpoint.path(query, name=name, digest=subject)
    return Step(
        f"List what refers to {subject.short}",
        Request("GET", url, Headers({"Accept": ", ".join(_LISTING_TYPES)})),
        endpoint,
        why="Signatures, SBOMs and the like name their subject; the registry keeps the list.",
    )


def without_api(response: Response) -> str:
    """How the answer shows that the registry does not know referrers, if it does.

    A repository that is not there says nothing about that, and is an error, like any other no.
    """
    if response.status in _NO_API:
        refusal = response.refusal()
        if refusal.code == "NAME_UNKNOWN":
            raise refusal
        return f"the registry has no referrers API (it answered {response.status})"
    said = response.expect(200).media_type()
    if said in _LISTING_TYPES:
        return ""
    named = visible(said, 100) if said else "something without a type"
    return f"the registry has no referrers API (it answered with {named})"


def read_page(response: Response) -> Index | InvalidContent:
    """The page, or what is wrong with it."""
    try:
        found = parse_manifest(plain(response).body, response.media_type())
    except InvalidContent as error:
        return error
    except (NotSupported, UnexpectedAnswer) as error:
        return InvalidContent(str(error))
    return found if isinstance(found, Index) else InvalidContent("it is a manifest, and no list")


def is_filtered(response: Response) -> bool:
    """Whether the registry says that it left out other types (C35)."""
    said = response.headers.get("oci-filters-applied", "").split(",")
    return "artifacttype" in (each.strip().lower() for each in said)
