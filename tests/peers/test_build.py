"""Images that are built here: others read them, run over them, and build on them."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

import ocinb
from tests.peers.clients import Clients

pytestmark = pytest.mark.peers

LONG = "d" * 90 + "/" + "e" * 90 + "/" + "f" * 120


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ocinb.Image:
    """An image with everything a layer and a config may have."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "bin").mkdir()
    (folder / "bin/run").write_text("#!/bin/sh\n")
    (folder / "bin/run").chmod(0o4755)
    os.link(folder / "bin/run", folder / "bin/again")
    (folder / "link").symlink_to("bin/run")
    (folder / "ünï").write_text("ü")
    return (
        ocinb.Image.scratch("linux/arm64/v8")
        .copy(folder, "/app", owner="1000:2000")
        .add_layer([(f"/{LONG}", b"long", 0o600), ("/etc/", b"", 0o700)])
        .entrypoint("/app/bin/run")
        .env("A", "1")
        .expose("53/udp")
        .volume("/data")
        .user("1000")
        .workdir("/app")
        .stop_signal("SIGQUIT")
        .label("team", "blue")
        .annotation("org.opencontainers.image.title", "everything")
        .healthcheck("true", interval=30)
    )


@pytest.fixture
def reference(repository: ocinb.Repository, built: ocinb.Image) -> str:
    repository.push(built, "v1", progress=False)
    return repository.at("v1")


def test_crane_validates_it_and_reads_its_config(
    reference: str, built: ocinb.Image, clients: Clients
) -> None:
    assert clients.crane("digest", reference).strip() == built.digest
    clients.crane("validate", "--remote", reference)
    config = json.loads(clients.crane("config", reference))
    assert config == built.config.json if built.config else False


def test_crane_flattens_its_layers_into_one_file_system(
    reference: str, clients: Clients, tmp_path: Path
) -> None:
    clients.crane("export", reference, tmp_path / "all.tar")
    with tarfile.open(tmp_path / "all.tar") as read:
        found = {each.name.removeprefix("./"): each for each in read}
    assert found[LONG].size == 4
    assert (found["app/bin/again"].mode, found["app/bin/again"].uid) == (0o4755, 1000)
    assert found["app/link"].linkname == "bin/run"


def test_skopeo_inspects_it_and_copies_it(
    reference: str, built: ocinb.Image, clients: Clients, tmp_path: Path
) -> None:
    said = json.loads(clients.skopeo("inspect", "--tls-verify=false", f"docker://{reference}"))
    assert said["Architecture"] == "arm64"
    assert said["Labels"] == {"team": "blue"}
    assert said["Env"] == ["A=1"]
    clients.skopeo("copy", f"docker://{reference}", f"oci:{tmp_path / 'copy'}:v1")
    layout = ocinb.Layout(tmp_path / "copy")
    copied = layout.resolve("v1")
    assert copied is not None
    assert copied.digest == built.digest


def test_umoci_unpacks_it_with_modes_and_links(
    reference: str, clients: Clients, tmp_path: Path
) -> None:
    clients.skopeo("copy", f"docker://{reference}", f"oci:{tmp_path / 'copy'}:v1")
    clients.umoci("unpack", "--rootless", "--image", f"{tmp_path / 'copy'}:v1", tmp_path / "bundle")
    root = tmp_path / "bundle/rootfs"
    assert (root / LONG).read_text() == "long"
    assert stat.S_IMODE((root / "app/bin/run").stat().st_mode) == 0o4755
    assert (root / "app/bin/run").samefile(root / "app/bin/again")
    assert os.readlink(root / "app/link") == "bin/run"
    assert (root / "app/ünï").read_text() == "ü"
    said = json.loads((tmp_path / "bundle/config.json").read_text())
    assert said["process"]["args"] == ["/app/bin/run"]
    assert said["process"]["cwd"] == "/app"


def test_umoci_unpacks_a_layer_that_is_not_compressed(
    repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    """`crane validate` takes every layer for gzip, and skopeo compresses what it copies."""
    made = ocinb.Image.scratch().add_layer([("/a", b"hello", 0o644)], compression="none")
    repository.push(made, "v1", progress=False)
    repository.pull("v1", tmp_path / "copy", progress=False)
    clients.umoci("unpack", "--rootless", "--image", f"{tmp_path / 'copy'}:v1", tmp_path / "bundle")
    assert (tmp_path / "bundle/rootfs/a").read_text() == "hello"


def test_tar_lists_its_layers_without_a_word_of_complaint(
    built: ocinb.Image, tmp_path: Path
) -> None:
    for number, layer in enumerate(built.layers):
        path = tmp_path / f"{number}.tar"
        path.write_bytes(b"".join(layer))
        done = subprocess.run(
            ["tar", "--list", "--verbose", "--numeric-owner", "--file", path],
            env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
    assert re.search(rf"^-rw------- 0/0 +4 [-0-9: ]+ \./{LONG}$", done.stdout, re.MULTILINE)


def test_what_crane_pushed_is_built_on_and_crane_sees_the_base(
    repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    (tmp_path / "layer").write_text("base")
    with tarfile.open(tmp_path / "base.tar", "w") as archive:
        archive.add(tmp_path / "layer", "base")
    clients.crane("append", "-f", tmp_path / "base.tar", "-t", repository.at("base"))
    base = repository["base"]
    made = ocinb.Image.from_(base).add_layer([("/own", b"own")])
    repository.push(made, "built", progress=False)
    clients.crane("validate", "--remote", repository.at("built"))
    manifest = json.loads(clients.crane("manifest", repository.at("built")))
    assert manifest["annotations"] == {
        "org.opencontainers.image.base.name": repository.at("base"),
        "org.opencontainers.image.base.digest": clients.crane(
            "digest", repository.at("base")
        ).strip(),
    }
    clients.crane("export", repository.at("built"), tmp_path / "all.tar")
    with tarfile.open(tmp_path / "all.tar") as read:
        assert {"base", "own"} <= {each.name.removeprefix("./") for each in read}


def test_a_base_is_taken_over_within_a_registry_and_streamed_from_another(
    repository: ocinb.Repository, built: ocinb.Image, clients: Clients
) -> None:
    repository.push(built, "base", progress=False)
    made = ocinb.Image.from_(repository["base"]).label("own", "1")
    sibling = repository.registry[f"{repository.name}-sibling"]
    became = sibling.push(made, "v1", progress=False).blobs
    assert [outcome for _, outcome in became] == ["uploaded", "mounted", "mounted"]
    with ocinb.LocalRegistry() as elsewhere:
        other = ocinb.Repository("demo/other", registry=elsewhere)
        other.push(made, "v1", progress=False)
        with elsewhere.serve() as server:
            clients.crane("validate", "--remote", f"{server.host}/demo/other:v1")
