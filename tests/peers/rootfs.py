"""A real root filesystem, packed as an image: what containers are made of.

It is made once and kept in `.peers/rootfs`: Debian's minimal system where debootstrap can run, else
the files of some packages that are installed here.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import PEERS
from tests.peers.clients import Clients, path_of

TAG = "minbase"
SECONDS = 200  # that debootstrap may take
PACKAGES = ("base-files", "bash", "coreutils", "libc6")  # when there is no debootstrap
_CACHE = PEERS.parent / "rootfs"
_SCRIPTS = Path("/usr/share/debootstrap/scripts")
_MOUNTED = ("proc", "sys", "dev", "dev/pts")


@dataclass(frozen=True)
class Packed:
    """An image layout with one image, and how its root filesystem was made."""

    layout: Path
    made_by: str


def packed(clients: Clients) -> Packed:
    """The image of a root filesystem; made now unless it is there already."""
    if not (_CACHE / "made-by").exists():
        PEERS.parent.mkdir(exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=PEERS.parent, prefix=".rootfs-"))
        try:
            _make(scratch, clients)
            shutil.rmtree(_CACHE, ignore_errors=True)
            (scratch / "done").replace(_CACHE)
        finally:
            _remove(scratch)
    return Packed(_CACHE / "image", (_CACHE / "made-by").read_text())


def _make(scratch: Path, clients: Clients) -> None:
    makers: dict[str, Callable[[Path], bool]] = {"debootstrap": _debootstrap, "dpkg": _dpkg}
    for name, make in makers.items():
        root = scratch / name
        if make(root):
            (scratch / "done").mkdir()
            _pack(root, scratch / "done" / "image", name, clients)
            (scratch / "done" / "made-by").write_text(name)
            return
    pytest.skip("no root filesystem: neither debootstrap nor dpkg can make one here")


def _pack(root: Path, layout: Path, made_by: str, clients: Clients) -> None:
    """Two layers, and a step of the history that left none."""
    image = f"--image={layout}:{TAG}"
    motd = root.parent / "motd"
    motd.write_text("Made for tests.\n")
    clients.umoci("init", f"--layout={layout}")
    clients.umoci("new", image)
    history = f"--history.created_by={made_by}"
    clients.umoci("insert", "--rootless", image, history, root, "/")
    clients.umoci("insert", "--rootless", image, motd, "/etc/motd")
    clients.umoci("config", image, "--config.cmd=/bin/sh", "--config.label=purpose=tests")
    clients.umoci("gc", f"--layout={layout}")


def _debootstrap(root: Path) -> bool:
    """Whether the minimal system of this machine's own release, from its own mirror, is there."""
    mirror = _mirror()
    if os.geteuid() != 0 or mirror is None:
        return False
    release, site = mirror
    command = [path_of("debootstrap"), "--variant=minbase", release, str(root), site]
    log = root.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        process.wait(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)  # then it unmounts what it has mounted
            process.wait()
    if process.returncode == 0:
        shutil.rmtree(root / "var" / "cache" / "apt", ignore_errors=True)
        shutil.rmtree(root / "var" / "lib" / "apt" / "lists", ignore_errors=True)
    return process.returncode == 0


def _mirror() -> tuple[str, str] | None:
    """A release that debootstrap knows, and where this machine gets it from."""
    if not shutil.which("apt-get"):
        return None
    listing = ["apt-get", "indextargets", "--format=$(CODENAME) $(SITE)", "Created-By: Packages"]
    said = subprocess.run(listing, capture_output=True, text=True, check=False).stdout
    for line in said.splitlines():
        release, _, site = line.partition(" ")
        if release and (_SCRIPTS / release).exists():
            return release, site
    return None


def _dpkg(root: Path) -> bool:
    """Whether files of installed packages are there, where they would be in a container."""
    if not shutil.which("dpkg-query"):
        return False
    query = ["dpkg-query", "--listfiles", *PACKAGES]
    listed = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    for source in map(Path, listed.splitlines()):
        if source.is_file():
            target = root / source.parent.resolve().relative_to("/") / source.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return (root / "etc" / "debian_version").exists()


def _remove(scratch: Path) -> None:
    """Everything in `scratch` goes, but for what a debootstrap that broke off left mounted."""
    if any(os.path.ismount(root / each) for root in scratch.iterdir() for each in _MOUNTED):
        raise RuntimeError(f"unmount what is in {scratch}, then remove it")
    shutil.rmtree(scratch)
