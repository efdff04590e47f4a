"""Tables of contents as others write them: zstd:chunked by skopeo."""

from __future__ import annotations

from pathlib import Path

import pytest

import ocinb
from ocinb.client.remote import RemoteImage
from ocinb.oci import media_types
from ocinb.oci.image import Blob, Image
from tests.layers.lazy.tables_read import compared
from tests.layers.lazy.tocs import member, members
from tests.layers.lazy.ztocs import archived
from tests.peers.clients import Clients

pytest.importorskip("backports.zstd")


def test_a_layer_that_skopeo_wrote_is_listed_from_its_table(clients: Clients, tmp_path: Path):
    noise = b"".join(ocinb.Digest.of(b"%d" % number).encode() for number in range(20_000))
    archive = archived([*members(), member("noise", noise), member("zeros", bytes(300_000))])
    school = ocinb.LocalRegistry()
    layer = Blob.of(archive, media_types.LAYER)
    image = Image.of(Blob.of(b"{}", media_types.CONFIG), [layer])
    with school.serve() as server:
        place = f"{server.host}/demo/one"
        with ocinb.Registry(server.host) as connected:
            connected["demo/one"].push(image, "v1", progress=False)
            clients.skopeo(
                "copy",
                "--dest-compress",
                "--dest-compress-format=zstd:chunked",
                "--format=oci",
                f"docker://{place}:v1",
                f"docker://{server.host}/demo/two:chunked",
            )
            found = connected["demo/two"]["chunked"]
            assert isinstance(found, RemoteImage)
            files = found.layers[0].files
            assert files.about.table == "zstd:chunked"
            assert files["noise"].bytes == noise
            assert files["zeros"].bytes == bytes(300_000)
            assert compared(files) == compared(found.layers[0].list_files())
