"""What there is to know of a registry, and what was found out of it so far."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from ocinb.oci.descriptor import Descriptor
from ocinb.oci.manifest import AnyManifest
from ocinb.protocol import endpoints
from ocinb.protocol.endpoints import Endpoint
from ocinb.protocol.messages import Response, Step
from ocinb.protocol.probes.probe import Answer, line

Verdict: TypeAlias = Literal["yes", "no", "unknown", "not asked"]

NO = (400, 404, 405, 501)  # how registries say that they do not know a thing


@dataclass(frozen=True)
class Capability:
    """Whether a registry can do one thing, and how that is known.

    `title` says it in words, `endpoint` is where it is specified, and `writes` is whether finding
    out writes.
    """

    name: str
    title: str
    endpoint: Endpoint
    verdict: Verdict = "not asked"
    evidence: str = ""
    writes: bool = False


# What there is to know, in the order in which it is drawn.
READING = (
    Capability("api", "distribution API", endpoints.PING),
    Capability("catalog", "catalog of repositories", endpoints.CATALOG),
    Capability("tags", "list of tags", endpoints.LIST_TAGS),
    Capability("tag_paging", "tags in pages", endpoints.LIST_TAGS_PAGED),
    Capability("head_manifest", "HEAD tells all of manifests", endpoints.HEAD_MANIFEST),
    Capability("etag", "versions of manifests (ETag)", endpoints.GET_MANIFEST),
    Capability("head_blob", "HEAD tells sizes of blobs", endpoints.HEAD_BLOB),
    Capability("ranges", "parts of blobs (Range)", endpoints.GET_BLOB),
    Capability("referrers", "referrers API", endpoints.LIST_REFERRERS),
    Capability("referrers_filter", "referrers of one type", endpoints.LIST_REFERRERS_OF_TYPE),
    Capability("referrers_tag", "a referrers tag is there", endpoints.GET_MANIFEST),
    Capability("sha512", "sha512 digests", endpoints.OPEN_UPLOAD_FOR),
)
WRITING = (
    Capability("upload", "uploads", endpoints.OPEN_UPLOAD, writes=True),
    Capability("chunks", "uploads in chunks", endpoints.SEND_CHUNK, writes=True),
    Capability("chunk_minimum", "chunks have a least size", endpoints.SEND_CHUNK, writes=True),
    Capability("upload_status", "how far an upload has come", endpoints.UPLOAD_STATUS, writes=True),
    Capability("gap_refused", "a gap between chunks is refused", endpoints.SEND_CHUNK, writes=True),
    Capability("cancel", "uploads can be cancelled", endpoints.CANCEL_UPLOAD, writes=True),
    Capability("single_post", "upload in one request", endpoints.SINGLE_POST, writes=True),
    Capability("mount", "blobs from other repositories", endpoints.MOUNT_BLOB, writes=True),
    Capability("anonymous_mount", "blobs from anywhere", endpoints.MOUNT_BLOB, writes=True),
    Capability("put_by_digest", "manifests by digest", endpoints.PUT_MANIFEST, writes=True),
    Capability("put_by_tag", "manifests by tag", endpoints.PUT_MANIFEST, writes=True),
    Capability("several_tags", "several tags at once", endpoints.PUT_MANIFEST_TAGGED, writes=True),
    Capability("if_match", "only over a version (If-Match)", endpoints.PUT_MANIFEST, writes=True),
    Capability("subject", "subjects are acknowledged", endpoints.PUT_MANIFEST, writes=True),
    Capability("delete_tag", "tags can be deleted", endpoints.DELETE_MANIFEST, writes=True),
    Capability(
        "delete_manifest", "manifests can be deleted", endpoints.DELETE_MANIFEST, writes=True
    ),
    Capability("delete_blob", "blobs can be deleted", endpoints.DELETE_BLOB, writes=True),
)


@dataclass
class Seen:
    """What was seen of a repository: a tag, its manifest, and the smallest of its blobs."""

    name: str
    tag: str = ""
    manifest: AnyManifest | None = None
    blobs: list[Descriptor] = field(default_factory=list)


class Findings:
    """What was found out so far."""

    def __init__(self) -> None:
        self._found = {each.name: each for each in (*READING, *WRITING)}

    def note(self, name: str, verdict: Verdict, evidence: str) -> None:
        """What is known of a capability now."""
        self._found[name] = replace(self._found[name], verdict=verdict, evidence=evidence)

    def judge(
        self,
        name: str,
        step: Step,
        answer: Answer,
        yes: Collection[int] = (200, 201),
        no: Collection[int] = NO,
        more: str = "",
    ) -> bool:
        """Note what the status of an answer means; whether that is yes."""
        status = answer.status if isinstance(answer, Response) else None
        verdict: Verdict = "yes" if status in yes else "no" if status in no else "unknown"
        self.note(name, verdict, line(step, answer, more))
        return verdict == "yes"

    def unless_known(self, names: Collection[str], verdict: Verdict, why: str) -> None:
        """Note why nothing is known of those `names` that were not found out."""
        for name in names:
            known = self._found[name]
            if known.verdict == "not asked" and not known.evidence:
                self.note(name, verdict, why)

    def __getitem__(self, name: str) -> Capability:
        return self._found[name]

    def all(self) -> tuple[Capability, ...]:
        """All that there is to know, in order."""
        return tuple(self._found.values())
