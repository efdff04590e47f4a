"""Building images: each verb gives a new one, whole, whose bytes are known."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

import ocinb
from ocinb.client.remote import RemoteIndex
from ocinb.errors import InvalidContent, InvalidReference, NotSupported
from ocinb.layers.build import Image
from ocinb.oci import annotations as keys
from ocinb.oci import image, media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, ImageIndex
from ocinb.oci.manifest import Manifest
from ocinb.oci.platform import Platform
from ocinb.registry import sample

EPOCH = "1700000000"
HELLO = [("/a", b"hello", 0o644)]
HELLO_ID = "sha256:952090bf24b12ec1a44c2ae1c17975a349008ac72e4a7a12ec0ce0bfe808f77e"
DOCKER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


@pytest.fixture(autouse=True)
def the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)


def inner(made: Image) -> dict[str, Any]:
    """What the config says of how it is run."""
    assert made.config is not None
    said: dict[str, Any] = made.config.json["config"]
    return said


def known(made: Image) -> tuple[int, str, int, str]:
    """Size and digest of its config, and of its manifest."""
    assert made.config_blob is not None
    return made.config_blob.size, made.config_blob.digest, made.manifest.size, made.digest


# The bytes that ocibuild writes: seed-behaviour, 6


def test_an_image_of_nothing_has_the_config_of_ocibuild():
    digest = "sha256:3b2f80a53b5acd0e23bc72af80329a785d1e6e68849d5408223ef3074aa2de6f"
    assert known(Image.scratch())[:2] == (136, digest)


def test_an_image_of_one_layer_has_the_config_and_manifest_of_ocibuild():
    made = Image.scratch().add_layer(HELLO)
    assert made.config is not None
    assert made.config.diff_ids == (HELLO_ID,)
    assert known(made) == (
        267,
        "sha256:697a3a32c09c5aa57bd8ba5c03aba53267c0a800d0a1fc38c6808124139f9bef",
        401,
        "sha256:1cc4a2f49eddcd7494b7cfb2baa774cf4643b0b05d7a3c3613a0f8bcf3fb6b64",
    )


def test_an_entrypoint_a_variable_and_an_annotation_do_not_change_those_bytes():
    made = Image.scratch().add_layer(HELLO).entrypoint("/a").env("K", "V").annotation("x.y", "z")
    assert known(made) == (
        300,
        "sha256:36e688fcfaae46c6e5512e803f1f8d1f18c5dde7cb19c22c6677d6bd476177e7",
        427,
        "sha256:5c3cf451b2c90f97805d5290de7fc14764a1ccfa378c2475651cab81d97f3a92",
    )


def test_copied_names_go_where_ocibuild_has_them():
    made = Image.scratch().copy([("x", b"1"), ("/etc/y", b"2")], "/app")
    assert made.config is not None
    assert made.config.diff_ids == (
        "sha256:6cf3b6442a8aee92ada03f0f2f90d8d8a81eb9e6c7555237e427961e0b4190b8",
    )


def test_a_variable_that_is_there_gets_its_new_value_which_ocibuild_does_not_do():
    """Their vector e90f0c48… has VAR1 twice: one of the seed's own bugs."""
    made = Image.scratch().env({"VAR1": "a", "VAR2": "b"}).env({"VAR1": "c"})
    assert inner(made)["Env"] == ["VAR1=c", "VAR2=b"]


# Values


def test_every_verb_gives_a_new_image_and_leaves_the_old_one():
    old = Image.scratch().add_layer(HELLO)
    before = known(old)
    verbs = [
        old.add_layer([("/b", b"")]), old.copy(b"x", "/x"), old.entrypoint("/a"), old.cmd("x"),
        old.env("A", "1"), old.workdir("/w"), old.user(1000), old.expose(80), old.volume("/d"),
        old.label("l", "1"), old.annotation("a", "1"), old.healthcheck("true"),
        old.stop_signal("SIGQUIT"), old.platform("linux/arm64"),
    ]  # fmt: skip
    assert known(old) == before
    assert len({each.digest for each in (old, *verbs)}) == len(verbs) + 1
    assert all(type(each) is Image for each in verbs)


def test_the_same_calls_give_the_same_bytes():
    def made() -> Image:
        return Image.scratch("linux/arm64/v8").copy(b"x", "/x").label({"b": "1", "a": "2"})

    assert made() == made()
    assert made().digest == made().label("a", "2").digest


def test_more_labels_than_ocibuild_can_sort_are_sorted():
    many = {f"key-{number:02}": "x" for number in range(40)}
    shuffled = dict(sorted(many.items(), key=lambda each: hash(each[0])))
    assert Image.scratch().label(many).digest == Image.scratch().label(shuffled).digest


def test_a_moment_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch):
    for wrong in ("yesterday", "-1", "1e9", "²", "999999999999"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", wrong)
        with pytest.raises(InvalidContent, match="SOURCE_DATE_EPOCH is no number"):
            Image.scratch()
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    config = Image.scratch().config
    assert config is not None
    assert config.created is not None
    assert config.created.year >= 2026


def test_the_front_door_has_it_and_it_is_an_image_like_any_other():
    assert ocinb.Image is Image
    assert issubclass(Image, image.Image)
    made = Image.of(Blob.of(b'{"os":"linux","rootfs":{}}', media_types.CONFIG), [])
    assert type(made) is Image
    assert inner(made.env("A", "1"))["Env"] == ["A=1"]


# The config


def test_what_is_run_is_given_as_words_or_as_a_list():
    scratch = Image.scratch()
    assert inner(scratch.entrypoint("/a", "-v"))["Entrypoint"] == ["/a", "-v"]
    assert inner(scratch.entrypoint(["/a", "-v"])) == inner(scratch.entrypoint("/a", "-v"))
    assert inner(scratch.cmd("a b"))["Cmd"] == ["a b"]
    assert "Cmd" not in inner(scratch.cmd("a").cmd())


def test_an_entrypoint_takes_the_base_s_command_away_and_not_one_s_own():
    base = Image.from_(Image.scratch().cmd("sh"))
    assert inner(base)["Cmd"] == ["sh"]
    assert "Cmd" not in inner(base.entrypoint("/a"))
    assert inner(base.cmd("x").env("A", "1").entrypoint("/a"))["Cmd"] == ["x"]
    assert inner(base.entrypoint("/a").cmd("x"))["Cmd"] == ["x"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [(80, "80/tcp"), ("53/udp", "53/udp"), ("132/SCTP", "132/sctp"), ("0080", "80/tcp")],
)
def test_a_port_has_its_own_protocol(given: int | str, kept: str):
    """ocibuild makes 53/udp/tcp of it."""
    assert inner(Image.scratch().expose(given)) == {"ExposedPorts": {kept: {}}}


@pytest.mark.parametrize("port", [0, 65536, -1, "80/http", "80-90", "", True, "٨٠"])
def test_a_port_that_is_none_is_refused(port: Any):
    with pytest.raises(InvalidContent, match="is no port"):
        Image.scratch().expose(port)


def test_ports_and_volumes_add_up():
    made = Image.scratch().expose(80, "53/udp").expose(80, 443).volume("/a").volume("/b", "/a")
    assert list(inner(made)["ExposedPorts"]) == ["443/tcp", "53/udp", "80/tcp"]
    assert inner(made)["Volumes"] == {"/a": {}, "/b": {}}


def test_a_health_check_is_kept_in_nanoseconds():
    made = Image.scratch().healthcheck(
        "curl -f localhost", interval=1.5, timeout=2, start_period=0, start_interval=3, retries=4
    )
    assert inner(made)["Healthcheck"] == {
        "Test": ["CMD-SHELL", "curl -f localhost"],
        "Interval": 1_500_000_000,
        "Timeout": 2_000_000_000,
        "StartPeriod": 0,
        "StartInterval": 3_000_000_000,
        "Retries": 4,
    }
    assert inner(made.healthcheck(["/ok", "-q"]))["Healthcheck"] == {"Test": ["CMD", "/ok", "-q"]}
    assert inner(made.healthcheck(None))["Healthcheck"] == {"Test": ["NONE"]}


def test_user_folder_and_signal_are_what_was_said():
    made = Image.scratch().user("65534:65534").workdir("/srv").stop_signal("SIGRTMIN+3")
    assert made.config is not None
    said = (made.config.user, made.config.working_dir, made.config.stop_signal)
    assert said == ("65534:65534", "/srv", "SIGRTMIN+3")
    assert inner(made.user(0).stop_signal(9)) == {
        "User": "0", "WorkingDir": "/srv", "StopSignal": "9"
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        lambda made: made.user(-1), lambda made: made.user("a:b:c"), lambda made: made.user("-1"),
        lambda made: made.workdir("srv"), lambda made: made.workdir(""),
        lambda made: made.volume("data"), lambda made: made.stop_signal("TERM"),
        lambda made: made.env("A=B", "1"), lambda made: made.env("", "1"),
        lambda made: made.env("A", "1\0"), lambda made: made.label("", "x"),
        lambda made: made.label("a", "\ud800"), lambda made: made.entrypoint("/a\0"),
        lambda made: made.healthcheck("true", interval=-1), lambda made: made.healthcheck(""),
        lambda made: made.healthcheck("true", retries=-1), lambda made: made.user(True),
        lambda made: made.platform(Platform("unknown", "unknown")),
    ],
    ids=range(18),
)  # fmt: skip
def test_what_no_config_can_say_is_refused(wrong: Any):
    with pytest.raises(InvalidContent):
        wrong(Image.scratch())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda made: made.env("A"), lambda made: made.env({"A": "1"}, "2"),
        lambda made: made.env({"A": 1}), lambda made: made.label(1, "x"),
        lambda made: made.cmd(1), lambda made: made.cmd(["a"], ["b"]), lambda made: made.cmd(b"a"),
        lambda made: Image.from_(cast("Any", "alpine")),
        lambda made: Image.from_(made, platforms="linux/amd64"),
        lambda made: cast("Any", Image).from_(made, platform="linux", platforms=["linux/amd64"]),
    ],
    ids=range(10),
)  # fmt: skip
def test_what_is_of_another_type_is_told_as_such(wrong: Any):
    with pytest.raises(TypeError):
        wrong(Image.scratch())


def test_a_platform_is_said_whole_and_an_old_variant_goes():
    made = Image.scratch("linux/arm/v6").platform("windows(10.0.20348)/amd64")
    assert made.config is not None
    assert "variant" not in made.config.json
    assert str(made.config.platform) == "windows(10.0.20348)/amd64"
    assert inner(made.workdir("C:\\app"))["WorkingDir"] == "C:\\app"


# Bases


def docker_image(**config: Any) -> image.Image:
    """An image as docker makes it, with a layer that is not pushed and fields nobody knows."""
    said = {
        "os": "windows", "architecture": "amd64", "variant": "v2", "os.version": "10.0.1",
        "author": "somebody", "x-unknown": {"deep": [1, None]},
        "config": {"Env": ["PATH=/bin", "A=1"], "Cmd": ["sh"], "x-inner": 7, "Labels": None},
        "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b"%d" % n)) for n in range(2)]},
        "history": [{"created_by": "one", "x-step": 1}, {"created_by": "ENV", "empty_layer": True}],
        **config,
    }  # fmt: skip
    own = Blob.of(encode(said), media_types.DOCKER_CONFIG)
    foreign = Descriptor.of(b"windows", FOREIGN, urls=("https://example.com/w",))
    layer = Blob.of(b"app", DOCKER_GZIP)
    manifest = Manifest.of(own.descriptor, [foreign, layer.descriptor], annotations={"old": "1"})
    return image.Image(manifest, (own, layer))


def test_all_that_a_base_says_is_kept_and_its_layers_stay_in_order():
    base = docker_image()
    made = Image.from_(base).env({"A": "2", "B": "3"}).label("l", "x").add_layer(HELLO)
    assert made.config is not None
    said = made.config.json
    assert (said["variant"], said["os.version"], said["author"]) == ("v2", "10.0.1", "somebody")
    assert said["x-unknown"] == {"deep": [1, None]}
    assert inner(made) == {
        "Env": ["PATH=/bin", "A=2", "B=3"], "Cmd": ["sh"], "x-inner": 7, "Labels": {"l": "x"},
    }  # fmt: skip
    assert said["rootfs"]["diff_ids"] == [Digest.of(b"0"), Digest.of(b"1"), HELLO_ID]
    assert [each.digest for each in made.layers] == [base.layers[0].digest, made.layers[1].digest]
    assert b"".join(made.layers[0]) == b"app"


def test_history_stays_beside_the_layers_also_where_the_base_does_not_tell():
    made = Image.from_(docker_image()).add_layer(HELLO, created_by="me")
    assert made.config is not None
    assert made.config.json["history"] == [
        {"created_by": "one", "x-step": 1},
        {"created_by": "ENV", "empty_layer": True},
        {"comment": "the base image does not say"},
        {"created": "2023-11-14T22:13:20Z", "created_by": "me"},
    ]
    assert [position for _, position in made.config.steps(3)] == [0, None, 1, 2]


def test_what_docker_made_becomes_an_oci_image_of_the_same_layers():
    made = Image.from_(docker_image())
    assert made.manifest.media_type == media_types.MANIFEST
    assert [each.media_type for each in made.manifest.layers] == [
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        media_types.LAYER_GZIP,
    ]
    assert made.manifest.layers[0].urls == ("https://example.com/w",)
    assert made.config_blob is not None
    assert made.config_blob.descriptor.media_type == media_types.CONFIG


def test_the_annotations_say_what_it_is_built_on_and_nothing_of_the_base_s_own():
    base = docker_image()
    assert Image.from_(base).manifest.annotations == {keys.BASE_DIGEST: base.digest}


def test_of_a_registry_s_image_its_reference_and_the_digest_of_its_own_bytes_are_said():
    repository = ocinb.Repository("demo/app", registry=sample.school())
    index = repository["latest"]
    assert isinstance(index, RemoteIndex)
    made = Image.from_(index, platform="linux/arm64")
    assert made.manifest.annotations == {
        keys.BASE_NAME: repository.at("latest"), keys.BASE_DIGEST: str(index.digest)
    }  # fmt: skip
    assert made.config is not None
    assert made.config.platform == Platform.parse("linux/arm64/v8")
    child = index["linux/arm64"]
    assert Image.from_(child).manifest.annotations == {
        keys.BASE_NAME: repository.at(child.digest), keys.BASE_DIGEST: str(child.digest)
    }  # fmt: skip


def test_a_base_s_layers_are_not_fetched_until_somebody_reads_them():
    repository = ocinb.Repository("demo/app", registry=sample.school())
    asked: list[str] = []
    with repository.registry.watched_by(lambda event: asked.append(str(event))):
        made = Image.from_(repository["latest"]).add_layer(HELLO).cmd("x")
        assert not [each for each in asked if str(made.layers[0].digest) in each]
        assert Digest.of(b"".join(made.layers[0])) == made.layers[0].digest


@pytest.mark.parametrize("here", [True, False])
def test_several_platforms_are_several_images_in_their_order(here: bool):
    wanted = ["linux/arm64", "linux/amd64"]
    index = (
        sample.app() if here else ocinb.Repository("demo/app", registry=sample.school())["latest"]
    )
    made = Image.from_(index, platforms=[*wanted, "linux/arm64"])
    assert [each.config.platform.architecture for each in made if each.config] == ["arm64", "amd64"]
    assert len({each.manifest.annotations[keys.BASE_DIGEST] for each in made}) == 1


def test_an_index_gives_what_an_engine_here_would_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    for index in (sample.app(), ocinb.Repository("demo/app", registry=sample.school())["latest"]):
        made = Image.from_(index)
        assert made.config is not None
        assert made.config.platform.architecture == "arm64"


def test_a_platform_that_is_not_there_is_told_with_those_that_are():
    for index in (sample.app(), ocinb.Repository("demo/app", registry=sample.school())["latest"]):
        with pytest.raises(InvalidReference, match="linux/amd64"):
            Image.from_(index, platform="linux/s390x")
    with pytest.raises(InvalidContent, match="is for linux/amd64, not for linux/arm64"):
        Image.from_(Image.scratch(), platform="linux/arm64")


def test_nothing_is_built_on_what_is_no_image():
    chart = sample.chart()
    with pytest.raises(NotSupported, match="is no image"):
        Image.from_(chart)
    remote = ocinb.Repository("demo/chart", registry=ocinb.LocalRegistry())
    remote.push(chart, "v1", progress=False)
    with pytest.raises(NotSupported, match="is no image"):
        Image.from_(remote["v1"])
    with pytest.raises(NotSupported, match="has no image config here"):
        Image(chart.manifest, chart.blobs).env("A", "1")


def test_a_base_that_does_not_agree_with_itself_or_is_not_whole_is_refused():
    rootfs = {"type": "layers", "diff_ids": []}
    with pytest.raises(InvalidContent, match="names 0 layers"):
        Image.from_(docker_image(rootfs=rootfs))
    whole = Image.scratch().add_layer(HELLO)
    with pytest.raises(InvalidContent, match="does not have its layer"):
        Image.from_(Image(whole.manifest, whole.blobs[:1]))
    index = ImageIndex.of([(Platform.parse("linux/amd64"), whole)])
    with pytest.raises(NotSupported, match="is no image that is here"):
        Image.from_(ImageIndex(index.index, ()), platform="linux/amd64")


# Drawing


def test_it_draws_its_config_and_the_steps_beside_its_layers():
    made = Image.scratch().add_layer(HELLO, created_by="the first step").env("KEY", "value")
    made = made.healthcheck("curl localhost")
    html = made._repr_html_() or ""
    for said in (
        "the first step",
        "KEY",
        "curl localhost",
        "linux/amd64",
        "ready to be pushed",
        made.digest,
    ):
        assert said in html
    assert len(made.to_frame()) == 2
    broken = Image.of(Blob.of(b"[]", media_types.CONFIG), [])
    assert "could not be drawn" not in (broken._repr_html_() or "")


def test_its_documents_are_json_with_sorted_names():
    made = Image.scratch().add_layer(HELLO).label({"b": "1", "ä": "2"})
    assert made.config_blob is not None
    for raw in (made.manifest.raw, b"".join(made.config_blob)):
        assert json.dumps(
            json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ) == raw.decode()  # fmt: skip


def test_files_that_are_no_list_of_them_are_told_what_to_be():
    for wrong in ({"/a": b"1"}, ["/a"], [b"1"], [("/a",)], [("/a", b"1", 0o644, 0)]):
        with pytest.raises(TypeError, match=r"\(path, content, mode\)"):
            Image.scratch().add_layer(wrong)  # type: ignore[arg-type]
