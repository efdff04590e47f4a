"""How other clients are asked for the same thing, each by its own means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.contender import Contender
from benchmarks.peers import path_of
from benchmarks.server import Server

_BY_HAND = """
set -e
digest=$(openssl sha256 -r "$1" | cut -d' ' -f1)
location=$(curl -sfS -X POST -o /dev/null -w '%header{location}' "$2")
curl -sfS -T "$1" -H 'Content-Type: application/octet-stream' -o /dev/null \
    "$location&digest=sha256:$digest"
"""


def blobs(server: Server, name: str, digest: str) -> list[Contender]:
    """One blob to the file `blob`, by crane, oras and regctl, which verify it."""
    full = f"{server.host}/{name}"

    def oras(folder: Path) -> list[object]:
        return [
            *(path_of("oras"), "blob", "fetch", *oras_flags(server)),
            *("--no-tty", "--output", folder / "blob", f"{full}@{digest}"),
        ]

    return [
        Contender("crane", "crane", _fixed(*crane(server), "blob", f"{full}@{digest}"), "blob"),
        Contender("oras", "oras", oras),
        Contender("regctl", "regctl", _fixed(*regctl(server), "blob", "get", full, digest), "blob"),
    ]


def images(server: Server, name: str) -> list[Contender]:
    """The image `name:v1`, or the index with all images, to an OCI image layout."""
    full = f"{server.host}/{name}:v1"

    def by_crane(folder: Path) -> list[object]:
        return [*crane(server), "pull", "--format=oci", full, folder / "layout"]

    def by_skopeo(folder: Path) -> list[object]:
        return [*skopeo(), "--src-tls-verify=false", f"docker://{full}", f"oci:{folder}/layout:v1"]

    def by_oras(folder: Path) -> list[object]:
        flags = [f"--from{flag[1:]}" for flag in oras_flags(server)]
        target = ["--to-oci-layout", f"{folder}/layout:v1"]
        return [path_of("oras"), "copy", "--no-tty", *flags, full, *target]

    def by_regctl(folder: Path) -> list[object]:
        return [*regctl(server), "image", "copy", full, f"ocidir://{folder}/layout:v1"]

    return [
        Contender("crane", "crane", by_crane),
        Contender("skopeo", "skopeo", by_skopeo),
        Contender("oras", "oras", by_oras),
        Contender("regctl", "regctl", by_regctl),
    ]


def pushes(server: Server, name: str, layout: Path, file: Path) -> list[Contender]:
    """The image in `layout`, or its one layer `file` alone, into the registry."""
    full = f"{server.host}/{name}:v1"
    opening = f"{server.url}/v2/{name}/blobs/uploads/"
    to = [f"--to{flag[1:]}" for flag in oras_flags(server)]
    return [
        Contender(
            "openssl, then curl -T",
            "curl",
            _fixed("sh", "-c", _BY_HAND, "push", file, opening),
        ),
        Contender("crane", "crane", _fixed(*crane(server), "push", layout, full)),
        Contender(
            "skopeo",
            "skopeo",
            _fixed(*skopeo(), "--dest-tls-verify=false", f"oci:{layout}:v1", f"docker://{full}"),
        ),
        Contender(
            "oras",
            "oras",
            _fixed(
                *(path_of("oras"), "copy", "--no-tty", "--from-oci-layout"),
                *(f"{layout}:v1", *to, full),
            ),
        ),
        Contender(
            "regctl",
            "regctl",
            _fixed(*regctl(server), "image", "copy", f"ocidir://{layout}:v1", full),
        ),
    ]


def curl(server: Server, path: str, *flags: str) -> Callable[[Path], list[object]]:
    """curl, which writes what it gets to the file `blob` and verifies nothing."""
    trusted = ["--cacert", str(server.ca)] if server.ca else []

    def command(folder: Path) -> list[object]:
        return ["curl", "-sfS", *flags, *trusted, "-o", folder / "blob", f"{server.url}{path}"]

    return command


def crane(server: Server) -> list[str]:
    """crane and what it must be told of the registry."""
    return [path_of("crane"), *([] if server.ca else ["--insecure"])]


def regctl(server: Server) -> list[str]:
    """regctl and what it must be told of the registry."""
    return [
        path_of("regctl"),
        f"--host=reg={server.host},tls={'enabled' if server.ca else 'disabled'}",
    ]


def skopeo() -> list[str]:
    """skopeo, told to leave layers packed as they are, and to take every image of an index."""
    return [
        path_of("skopeo"),
        "--insecure-policy",
        "copy",
        "--quiet",
        "--all",
        "--preserve-digests",
    ]


def oras_flags(server: Server) -> list[str]:
    """What oras must be told of the registry."""
    return [f"--ca-file={server.ca}"] if server.ca else ["--plain-http"]


def _fixed(*command: object) -> Callable[[Path], list[object]]:
    return lambda folder: list(command)
