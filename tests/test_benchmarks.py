"""The pieces of the benchmarks: what they run, how they judge it, and what they write down."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

import ocinb
from benchmarks import __main__ as bench
from benchmarks import (
    building,
    chart,
    content,
    events,
    lazily,
    listing,
    merging,
    peers,
    report,
    trees,
)
from benchmarks.contender import Contender, Race, Run, race
from benchmarks.contenders import with_ocinb, with_sockets
from benchmarks.ground import Ground, Settings
from benchmarks.results import Line, Scenario, Target, as_fast, as_long, missed, timed
from benchmarks.storage import Storage
from ocinb.client.remote import RemoteIndex

# Contenders


def contender(name: str, code: str, *, tells: bool = False) -> Contender:
    """A program in Python that works in the folder it is given."""

    def command(folder: Path) -> list[object]:
        return [sys.executable, "-c", code, folder]

    return Contender(name, "ocinb", command, tells=tells)


def test_contenders_run_in_turn_and_the_first_round_does_not_count(tmp_path: Path) -> None:
    put_back: list[str] = []
    checked: list[str] = []

    def check(folder: Path, run: Run) -> str:
        checked.append((folder / "made").read_text())
        return ""

    makes = "import sys; open(sys.argv[1] + '/made', 'w').write('it')"
    outcome = race(
        [contender("one", makes), contender("other", makes)],
        2,
        tmp_path,
        before=lambda: put_back.append("all"),
        check=check,
    )
    assert {name: len(runs) for name, runs in outcome.runs.items()} == {"one": 2, "other": 2}
    assert checked == ["it", "it"]
    assert len(put_back) == 6
    assert outcome.missing == {}


def test_nobody_always_comes_after_the_same(tmp_path: Path) -> None:
    signs = "import sys; open(sys.argv[1] + '/../order', 'a').write('{} ')"
    outcome = race([contender(name, signs.format(name)) for name in "abc"], 2, tmp_path)
    assert (tmp_path / "order").read_text() == "a b c b c a c a b "
    assert list(outcome.runs) == ["a", "b", "c"]


def test_what_a_contender_prints_is_kept(tmp_path: Path) -> None:
    prints = "print('noise'); print('{\"seconds\": 2.5}')"
    outcome = race([contender("it", prints, tells=True)], 1, tmp_path)
    assert outcome.seconds("it", "transfer") == 2.5
    assert outcome.seconds("it") is not None


def test_who_fails_is_left_out_and_says_why(tmp_path: Path) -> None:
    fails = contender("broken", "raise SystemExit('no such registry')")
    outcome = race([fails, contender("whole", "pass")], 1, tmp_path)
    assert list(outcome.runs) == ["whole"]
    assert outcome.missing == {"broken": "it failed: no such registry"}


def test_who_makes_something_else_is_left_out(tmp_path: Path) -> None:
    outcome = race([contender("it", "pass")], 1, tmp_path, check=lambda *_: "half of it")
    assert outcome.runs == {}
    assert outcome.missing == {"it": "its output is wrong: half of it"}


def test_who_is_not_there_is_missing_and_the_remedy_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "PEERS", tmp_path / "nowhere")
    monkeypatch.setattr(peers, "PYTHON_PEERS", tmp_path / "no-python")
    for remembers in (peers.why_missing, peers.version, peers._python_version):
        monkeypatch.setattr(peers, remembers.__name__, remembers.__wrapped__)
    outcome = race([Contender("crane", "crane", lambda folder: ["crane"])], 1, tmp_path)
    assert outcome.missing == {"crane": "crane is not in .peers/bin: make peers"}
    assert "make bench" in peers.why_missing("oras-py")
    assert peers.version("oras-py") == ""


# Targets


def raced(**seconds: list[float]) -> Race:
    """What came of a race in which each took so long, round by round."""
    return Race({name: [Run(each) for each in times] for name, times in seconds.items()})


def test_ratios_are_taken_within_a_round() -> None:
    outcome = raced(ocinb=[1, 10, 2], crane=[2, 20, 3])
    assert outcome.ratio("crane", "ocinb") == 2
    assert outcome.seconds("ocinb") == 2


def test_the_transfer_is_held_against_the_whole_process_of_who_does_not_tell() -> None:
    outcome = Race({"ocinb": [Run(3, told={"seconds": 2.0})], "curl": [Run(1)]})
    assert outcome.ratio("curl", "ocinb", "transfer") == 0.5
    assert outcome.seconds("curl", "transfer") is None


@pytest.mark.parametrize(("took", "met"), [(1.0, True), (1.25, True), (1.26, False)])
def test_a_target_is_met_or_missed_by_its_ratio(took: float, met: bool) -> None:
    target = as_fast(raced(ocinb=[took], crane=[1.0]), "ocinb", 0.8, "crane")
    assert target.met is met
    assert str(target).startswith("ocinb at least 0.8 × the speed of crane, whole process: ")
    assert str(target).endswith("✓" if met else "✗")


@pytest.mark.parametrize(("took", "met"), [(2.0, True), (2.1, False)])
def test_a_time_may_be_at_most_a_multiple(took: float, met: bool) -> None:
    assert as_long(raced(ocinb=[took], raw=[1.0]), "ocinb", 2, "raw").met is met


def test_a_target_is_neither_met_nor_missed_without_its_contender() -> None:
    scenario = Scenario("it", ())
    scenario.targets = [as_fast(raced(ocinb=[1.0]), "ocinb", 1, "crane")]
    assert str(scenario.targets[0]).endswith(": not measured")
    assert missed([scenario]) == []
    assert "0 of 1 targets met" in report.ending([scenario])


def test_the_cost_of_events_is_a_share_of_the_throughput() -> None:
    assert events.cost([1.0, 1.0, 1.0], [1.25, 1.0, 2.0]) == pytest.approx(20)
    assert events.cost([], []) is None


# Content


def test_a_layer_is_gzip_and_named_by_its_digests(tmp_path: Path) -> None:
    made = content.layer(tmp_path / "layer", 3 * content.MIB + 5, seed=1)
    packed = made.path.read_bytes()
    unpacked = gzip.decompress(packed)
    assert (len(unpacked), len(packed)) == (3 * content.MIB + 5, made.size)
    assert made.digest == content.digest_of(packed)
    assert made.diff_id == content.digest_of(unpacked)
    assert made.size > len(unpacked)


def test_a_layout_is_one_that_ocinb_reads(tmp_path: Path) -> None:
    image = content.Image.of((content.layer(tmp_path / "layer", 4_096),))
    layout = ocinb.Layout(content.layout(tmp_path / "layout", image, "v1"))
    assert layout.tags() == ("v1",)
    assert image.digests <= content.digests_in(layout.path / "blobs")


def test_an_archive_is_a_gzip_layer_of_what_was_added(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "file").write_bytes(b"content")
    archive = trees.Archive(tmp_path / "layer")
    for name in ("link", "file"):
        archive.add(name, tmp_path / name)
    archive.empty(".wh.gone")
    made = archive.finish()
    packed = made.path.read_bytes()
    assert (made.digest, made.size) == (content.digest_of(packed), len(packed))
    assert made.diff_id == content.digest_of(gzip.decompress(packed))
    with tarfile.open(made.path) as read:
        assert read.getnames() == ["link", "file", ".wh.gone"]
        assert read.getmember("link").linkname == "file"
        held = read.extractfile("file")
        assert held is not None
        assert held.read() == b"content"


def test_headers_put_together_by_hand_are_headers(tmp_path: Path) -> None:
    with tarfile.open(trees.many(tmp_path / "layer", 1_001)) as read:
        names = read.getnames()
    assert len(set(names)) == 1_001
    assert names[-1] == "usr/share/data/001/file-0001000.json"


def test_a_folder_has_as_much_as_was_asked_for(tmp_path: Path) -> None:
    made = trees.folder(tmp_path / "folder", content.MIB)
    size = sum(each.stat().st_size for each in made.rglob("*") if each.is_file())
    assert content.MIB <= size < 64 * content.MIB


def test_a_merged_image_has_paths_that_are_gone(tmp_path: Path) -> None:
    ground = Ground(Settings(paths=1_000), tmp_path)
    image = merging.made(ground)
    folder = content.layout(tmp_path / "layout", image, "v1")
    told = with_ocinb.merged(str(folder), "v1")
    assert told["entries"] == 1_000
    assert told["live"] < 950
    unpacked = sum(len(gzip.decompress(each.path.read_bytes())) for each in image.layers)
    for how in ("", "hashed"):
        assert with_ocinb.unpacking(str(folder), how)["unpacked"] == unpacked


def test_what_is_linked_into_the_storage_can_be_forgotten(tmp_path: Path) -> None:
    layer = content.layer(tmp_path / "layer", 4_096)
    storage = Storage(tmp_path / "storage")
    storage.add_image("bench/it", content.Image.of((layer,)), "v1")
    assert storage.has("bench/it", layer.digest)
    assert content.digests_in(storage.data(layer.digest).parent) == {layer.digest}
    storage.forget("bench/it", layer.digest)
    assert not storage.has("bench/it", layer.digest)
    assert layer.path.exists()


# The scripts that contend, against a registry of our own


@pytest.fixture
def served(school: ocinb.LocalRegistry, tmp_path: Path):
    """Where the sample is served, the digest of a layer, and a file that lists a manifest."""
    server = school.serve()
    with ocinb.Registry(server.host) as registry:
        index = registry["demo/app"]["latest"]
        assert isinstance(index, RemoteIndex)
        image = index.image("linux/amd64")
        listed = tmp_path / "listed"
        listed.write_text(image.digest)
        yield server.host, str(image.layers[0].digest), listed


def test_raw_sockets_pull_a_blob_and_verify_it(
    served: tuple[str, str, Path], tmp_path: Path
) -> None:
    host, digest, _ = served
    path = f"/v2/demo/app/blobs/{digest}"
    told = with_sockets.blob(host, path, digest, str(tmp_path / "blob"))
    assert told["seconds"] > 0
    assert content.digest_of((tmp_path / "blob").read_bytes()) == digest
    with pytest.raises(SystemExit, match="other content"):
        with_sockets.blob(host, path, content.digest_of(b""), str(tmp_path / "blob"))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_raw_sockets_and_ocinb_ask_for_manifests(
    method: str, served: tuple[str, str, Path]
) -> None:
    host, _, listed = served
    prefix = "/v2/demo/app/manifests/"
    assert with_sockets.requests(method, host, prefix, str(listed), "2")["got"] == 1
    assert with_ocinb.requests(method, host, "demo/app", str(listed), "1")["got"] == 1


def test_ocinb_pulls_and_pushes_through_its_public_api(
    served: tuple[str, str, Path], tmp_path: Path
) -> None:
    host, digest, _ = served
    file = tmp_path / "blob"
    with_ocinb.blob(host, "demo/app", digest, str(file))
    assert content.digest_of(file.read_bytes()) == digest
    with_ocinb.push(host, "demo/pushed", str(file), "65536")
    with_ocinb.blob(host, "demo/pushed", digest, str(tmp_path / "again"))
    with_ocinb.push(host, "demo/pushed", str(file), "0", digest)
    with_ocinb.image(host, "demo/pushed", "v1", str(tmp_path / "layout"), "2")
    assert digest in content.digests_in(tmp_path / "layout")


# What is written down


@pytest.fixture
def scenarios() -> list[Scenario]:
    outcome = raced(ocinb=[1.0], crane=[2.0])
    outcome.missing["oras <b>"] = "oras is not in .peers/bin: make peers"
    scenario = timed("Pull of one blob", outcome, "ocinb", 10_000_000)
    scenario.targets = [as_fast(outcome, "ocinb", 3, "crane")]
    counted = Scenario("Requests", ("requests",), [Line("<script>", (11,))])
    counted.targets = [Target.at_most("at most 11", 11, 11)]
    return [scenario, counted]


def test_the_table_has_ratios_and_targets_beside_the_times(scenarios: list[Scenario]) -> None:
    told = report.plain(scenarios[0])
    (crane,) = [line for line in told.splitlines() if line.startswith("  crane")]
    assert crane.split() == ["crane", "2.00", "5.00", "0.00", "2.00"]
    assert "missing: oras <b>: oras is not in .peers/bin: make peers" in told
    assert "at least 3 × the speed of crane, whole process: 2 ✗" in told


def test_the_report_is_kept_as_markdown_json_and_a_chart(
    scenarios: list[Scenario], tmp_path: Path
) -> None:
    report.kept(scenarios, {"cores": "2"}, tmp_path)
    assert "| crane | 2.00 |  | 5.00 |" in (tmp_path / "bench.md").read_text()
    kept = json.loads((tmp_path / "bench.json").read_text())
    assert kept["facts"] == {"cores": "2"}
    assert [each["title"] for each in kept["scenarios"]] == ["Pull of one blob", "Requests"]


def test_the_chart_is_well_formed_and_says_every_figure(scenarios: list[Scenario]) -> None:
    drawn = ElementTree.fromstring(chart.drawn(scenarios))
    texts = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"ocinb", "crane", "1.00", "2.00", "<script>", "11"} <= set(texts)
    widths = [
        float(each.get("width", 0)) for each in drawn.iter("{http://www.w3.org/2000/svg}rect")
    ]
    assert widths[0] * 2 == widths[1]


def test_the_end_says_which_targets_were_missed(scenarios: list[Scenario]) -> None:
    told = report.ending(scenarios)
    assert "1 of 2 targets met" in told
    assert "missed: Pull of one blob: ocinb at least 3 ×" in told


# The command line


@pytest.mark.parametrize(
    ("text", "bytes_"), [("1GiB", 1 << 30), ("64M", 64 << 20), ("512", 512), ("8KB", 8 << 10)]
)
def test_sizes_are_read_with_their_unit(text: str, bytes_: int) -> None:
    assert bench.size(text) == bytes_


@pytest.mark.parametrize("text", ["", "big", "1TiB", "-1"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no size"):
        bench.size(text)


def test_what_is_named_counts_also_when_it_must_be_quick() -> None:
    options = bench.parser().parse_args(["--quick", "--size", "8MiB", "--only", "pull,push"])
    settings = bench.settings_of(options)
    assert (settings.size, settings.requests) == (8 << 20, Settings().quick().requests)
    assert options.only == ["pull", "push"]


def test_a_layer_is_listed_by_each_contender(tmp_path: Path) -> None:
    layer = tmp_path / "layer.tar.gz"
    with tarfile.open(layer, "w:gz") as archive:
        archive.add(__file__, "file")
        archive.add(__file__, "other")
    packed, unpacked = layer.read_bytes(), gzip.decompress(layer.read_bytes())
    digests = content.digest_of(packed), content.digest_of(unpacked)
    given = content.Layer(layer, *digests, len(packed))
    outcome = race(listing.contenders(given), 1, tmp_path)
    assert outcome.missing == {}
    for ours in (listing.OURS, listing.VERIFIED):
        assert outcome.runs[ours][0].told["entries"] == 2
    assert [target.met is not None for target in listing.targets(outcome)] == [True, False, True]


def test_an_unknown_benchmark_is_told_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        bench.main(["--only", "pull,psuh"])
    assert "unknown: psuh; there are import, display, listing, merging" in capsys.readouterr().err


@pytest.mark.parametrize(("strict", "code"), [([], 0), (["--strict"], 1)])
def test_a_missed_target_is_an_error_only_when_that_is_asked_for(
    strict: list[str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    scenarios: list[Scenario],
) -> None:
    monkeypatch.setitem(bench.SUBJECTS, "display", lambda ground: iter(scenarios))
    arguments = [
        "--only",
        "display",
        "--output",
        str(tmp_path),
        "--scratch",
        str(tmp_path),
        *strict,
    ]
    assert bench.main(arguments) == code
    assert (tmp_path / "bench.svg").exists()


# With the real registry


@pytest.mark.peers
def test_everybody_who_is_there_pulls_what_was_asked_for(
    peer: Callable[[str], str], tmp_path: Path
) -> None:
    peer("docker-registry")
    peer("crane")
    arguments = ["--only", "pull,tls,small", "--rounds", "1", "--output", str(tmp_path)]
    arguments += ["--size", "1MiB", "--layers", "2", "--layer-size", "64KiB", "--requests", "8"]
    arguments += ["--scratch", str(tmp_path)]
    assert bench.main(arguments) == 0
    told = json.loads((tmp_path / "bench.json").read_text())["scenarios"]
    assert len(told) == 6
    for scenario in told:
        names = {line["name"] for line in scenario["lines"]}
        assert "ocinb" in names
        assert names & {"crane", "raw sockets"}
        assert all("make " in why for why in scenario["missing"].values()), scenario["missing"]


@pytest.mark.peers
def test_images_are_built_looked_into_and_merged_beside_others(
    peer: Callable[[str], str], tmp_path: Path
) -> None:
    peer("docker-registry")
    peer("crane")
    arguments = ["--only", "merging,lazily,building", "--rounds", "1", "--output", str(tmp_path)]
    arguments += ["--size", "1MiB", "--folder", "1MiB", "--paths", "1000"]
    assert bench.main([*arguments, "--scratch", str(tmp_path)]) == 0
    told = json.loads((tmp_path / "bench.json").read_text())["scenarios"]
    assert [each["missing"] for each in told] == [{}, {}, {}]
    names = [{line["name"] for line in each["lines"]} for each in told]
    assert {merging.OURS, merging.REMOTE, merging.ALONE} <= names[0]
    assert {lazily.KNOWN, lazily.NEXT, lazily.PULL, lazily.CRANE} <= names[1]
    assert {building.FAST, building.ZSTD, building.PIPED, building.FILED} <= names[2]
    assert all(target["met"] is not None for each in told for target in each["targets"])
