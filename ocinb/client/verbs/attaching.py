"""Attaching to a manifest: artifacts and signatures, which refer to it and leave it as it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from ocinb.client.access.account import Account
from ocinb.client.moving import transfer
from ocinb.client.names import the_identifier
from ocinb.client.source import Wanted
from ocinb.client.verbs.asking import as_somebody
from ocinb.client.verbs.pushing import Pushing
from ocinb.errors import InvalidReference
from ocinb.oci import media_types
from ocinb.oci.attached import artifact
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.given import blob_of
from ocinb.oci.image import Image
from ocinb.oci.signature import Layout, referring, signed
from ocinb.protocol.push import Pushed
from ocinb.protocol.referring import attach
from ocinb.protocol.stepper import Stepper


class Attaching(Pushing):
    """Content that speaks of other content."""

    @as_somebody
    def push_referrer(
        self,
        data: bytes | str | os.PathLike[str],
        artifact_type: str,
        subject: str | Descriptor,
        *,
        media_type: str | None = None,
        title: str | None = None,
        annotations: Mapping[str, str] | None = None,
        subject_size: int | None = None,
        created: datetime | None = None,
        chunk_size: int | None = None,
        progress: Wanted = None,
        auth: Account | None = None,
    ) -> Pushed:
        """Attach an artifact, such as an SBOM, to a manifest: `referrers(subject)` will list it.

        `data` is its bytes, or the path of a file; `media_type` is what they are, by default the
        `artifact_type`. `subject` is a tag or digest, or a descriptor, which need not be there
        yet; nor need a digest with `subject_size`. `title` is the name of a file for it, with a
        default for SBOMs. `created` is now, or `SOURCE_DATE_EPOCH`. Returns its descriptor, and
        what became of its blobs. Raises `KindRefused` on registries that take no such artifacts.
        """
        return self._attached(
            lambda: self.push_referrer_steps(
                data,
                artifact_type,
                subject,
                media_type=media_type,
                title=title,
                annotations=annotations,
                subject_size=subject_size,
                created=created,
                chunk_size=chunk_size,
            ),
            subject,
            progress,
        )

    def push_referrer_steps(
        self,
        data: bytes | str | os.PathLike[str],
        artifact_type: str,
        subject: str | Descriptor,
        *,
        media_type: str | None = None,
        title: str | None = None,
        annotations: Mapping[str, str] | None = None,
        subject_size: int | None = None,
        created: datetime | None = None,
        chunk_size: int | None = None,
    ) -> Stepper[Pushed]:
        """The same, one request at a time."""
        media_types.check(artifact_type, "the artifact")
        content = blob_of(data, media_types.check(media_type or artifact_type, "the content"))
        when = created or _now()

        def make(known: Descriptor) -> Image:
            return artifact(
                content, artifact_type, known, when, title=title, annotations=annotations
            )

        return self.converse(
            attach.push_referrer(
                self.name,
                _the_subject(subject),
                make,
                self.registry.emit,
                subject_size=attach.check_size(subject_size),
                chunk_size=transfer.the_chunk_size(chunk_size),
            )
        )

    @as_somebody
    def push_signature(
        self,
        payload: bytes,
        signature: bytes,
        subject: str | Descriptor,
        *,
        layout: Layout,
        subject_size: int | None = None,
        created: datetime | None = None,
        chunk_size: int | None = None,
        progress: Wanted = None,
        auth: Account | None = None,
    ) -> Pushed:
        """Attach a signature: the `payload` that was signed (simple signing JSON), and its raw
        `signature`. Those that are there already are kept.

        With `layout="cosign"` it is put behind the others under cosign's tag, `sha256-….sig`,
        where cosign and podman look, and once only. With `layout="referrer"` it is a referrer of
        its own, which `referrers(subject)` lists and cosign does not find. All else is as with
        `push_referrer`.
        """
        return self._attached(
            lambda: self.push_signature_steps(
                payload,
                signature,
                subject,
                layout=layout,
                subject_size=subject_size,
                created=created,
                chunk_size=chunk_size,
            ),
            subject,
            progress,
        )

    def push_signature_steps(
        self,
        payload: bytes,
        signature: bytes,
        subject: str | Descriptor,
        *,
        layout: Layout,
        subject_size: int | None = None,
        created: datetime | None = None,
        chunk_size: int | None = None,
    ) -> Stepper[Pushed]:
        """The same, one request at a time."""
        for given in (payload, signature):
            if not isinstance(given, bytes):
                raise TypeError(f"payload and signature are bytes, not {type(given).__name__}")
        layer, when = signed(payload, signature), created or _now()
        size = attach.check_size(subject_size)
        chunks = transfer.the_chunk_size(chunk_size)
        name, asked, emit = self.name, _the_subject(subject), self.registry.emit
        if layout == "cosign":
            return self.converse(
                attach.push_signature(
                    name, asked, layer, emit, subject_size=size, chunk_size=chunks
                )
            )
        if layout != "referrer":
            raise InvalidReference(layout, "layout", "it is 'referrer' or 'cosign'")
        return self.converse(
            attach.push_referrer(
                name,
                asked,
                lambda known: referring(layer, known, when),
                emit,
                subject_size=size,
                chunk_size=chunks,
            )
        )

    def _attached(
        self, begin: Callable[[], Stepper[Pushed]], subject: str | Descriptor, progress: Wanted
    ) -> Pushed:
        to = subject.digest if isinstance(subject, Descriptor) else the_identifier(subject)
        with self.suggesting():
            return self._uploaded(begin, progress, f"Attach to {self.at(to)}")


def _the_subject(subject: str | Descriptor) -> str | Descriptor:
    return subject if isinstance(subject, Descriptor) else the_identifier(subject)


def _now() -> datetime:
    """When it is made: what reproducible builds say, else now."""
    said = os.environ.get("SOURCE_DATE_EPOCH", "")
    if said.isascii() and said.isdecimal() and len(said) <= 11:
        return datetime.fromtimestamp(int(said), UTC)
    return datetime.now(UTC)
