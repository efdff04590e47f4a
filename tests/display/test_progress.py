"""Progress: what events add up to, where it is painted, and that it never gets in the way."""

from __future__ import annotations

import io
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, get_args

import pytest

import ocinb
from ocinb.display import faces, painting
from ocinb.display.painting import Output, Panel, Terminal, Widget
from ocinb.display.progress import _STATES, INTERVAL, Progress, _duration
from ocinb.errors import Cancelled
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.protocol.events import (
    BytesMoved,
    Finished,
    Planned,
    ResponseReceived,
    Retrying,
    Skipped,
    Verified,
)
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.progress.ledger import State
from tests.display.reader import is_harmless, read
from tests.protocol.transfers import ONE, PLAN, TWO, fetched, started


class Clock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Fake:
    """A sink that keeps what was painted."""

    def __init__(self) -> None:
        self.painted: list[tuple[str, str, str]] = []

    def open(self, panel: Panel) -> None:
        self.painted.append(("open", panel.html(), panel.line()))

    def update(self, panel: Panel) -> None:
        self.painted.append(("update", panel.html(), panel.line()))

    def close(self, panel: Panel) -> None:
        self.painted.append(("close", panel.html(), panel.line()))

    @property
    def last(self) -> str:
        return read(self.painted[-1][1]).text


class Tty(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def planned(panel: Progress) -> Progress:
    """The panel, knowing what will happen before it is opened."""
    panel.ledger(PLAN)
    return panel


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def panel(fake: Fake, clock: Clock) -> Progress:
    return planned(Progress("Pull a:v1", to=fake, clock=clock))


def test_every_state_has_a_glyph_and_a_word():
    assert set(_STATES) == set(get_args(State))
    assert all(" " in word for word, _ in _STATES.values())


# The panel


def test_it_opens_with_a_row_for_each_blob_and_ends_static(panel: Progress, fake: Fake):
    with panel as observer:
        for event in fetched(1, ONE, 1_000):
            observer(event)
        observer(Verified(ONE.digest, 1_000))
        observer(Skipped(TWO.digest, 3_000))
    assert [what for what, *_ in fake.painted] == ["open", "close"]
    assert "· waiting" in read(fake.painted[0][1]).text
    assert "✓ done 3.9 KiB, 2 blobs, 1 already there, 0.0 s" in fake.last
    assert "✓ verified" in fake.last
    assert "= already there" in fake.last
    assert "progress" in read(fake.painted[-1][1]).tags
    assert 'value="1" max="1"' in fake.painted[-1][1]


def test_a_plan_is_seen_as_soon_as_it_is_made(fake: Fake, clock: Clock):
    with Progress("Pull a:v1", to=fake, clock=clock) as observer:
        assert "waiting" not in fake.last
        observer(PLAN)
        assert fake.last.count("· waiting") == 2


def test_it_is_painted_at_most_ten_times_a_second(panel: Progress, fake: Fake, clock: Clock):
    with panel as observer:
        observer(started(1, ONE))
        observer(ResponseReceived(1, 200, Headers()))
        for done in range(1, 1_001):
            clock.now += 0.001
            observer(BytesMoved(1, "down", done, 1_000))
    updates = [what for what, *_ in fake.painted].count("update")
    assert 9 <= updates <= 1 / INTERVAL


def test_a_retry_is_seen_before_it_waits(panel: Progress, fake: Fake):
    with panel as observer:
        for event in (*fetched(1, ONE, 5), Retrying(1, "503 Service Unavailable", 8.0, 2)):
            observer(event)
        assert "↻ once more in 8.0 s: 503 Service Unavailable" in fake.last


@pytest.mark.parametrize(
    ("error", "word", "blob"),
    [
        (KeyboardInterrupt(), "■ cancelled", "■ cancelled"),
        (Cancelled("stop"), "■ cancelled", "■ cancelled"),
        (OSError("disk full <b>\x1b"), "✗ failed", "✗ failed"),
    ],
)
def test_how_it_ended_is_said_and_nothing_is_swallowed(
    panel: Progress, fake: Fake, error: BaseException, word: str, blob: str
):
    def transfer() -> None:
        with panel as observer:
            for event in fetched(1, ONE, 400):
                observer(event)
            if not isinstance(error, OSError):
                observer(Finished(1, 0.5, type(error).__name__))
            raise error

    with pytest.raises(type(error)):
        transfer()
    assert word in fake.last
    rows = read(fake.painted[-1][1]).rows
    assert rows[1][-1] == blob
    assert rows[-1][-1] == "· not begun"
    assert "1 not begun" in read(fake.painted[-1][1]).text
    assert is_harmless(fake.last)
    assert ("disk full <b>" in fake.last) == isinstance(error, OSError)


def test_what_failed_stands_before_all_else():
    fake = Fake()
    blobs = [Descriptor.of(b"%2d" % number, media_types.LAYER) for number in range(40)]

    def transfer() -> None:
        with Progress("Pull a:v1", to=fake) as observer:
            observer(Planned(tuple(blobs)))
            for blob in blobs[:20]:
                observer(Skipped(blob.digest, blob.size))
            for event in fetched(1, blobs[20], 1):
                observer(event)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        transfer()
    rows = read(fake.painted[-1][1]).rows
    assert rows[1][-1] == "✗ failed"
    assert [row[-1] for row in rows].count("= already there") == 20
    assert "19 not begun" in read(fake.painted[-1][1]).text


def test_trouble_with_painting_never_reaches_the_transfer(caplog: pytest.LogCaptureFixture):
    class Bad(Fake):
        def update(self, panel: Panel) -> None:
            raise RuntimeError("the front end is gone")

    clock, bad = Clock(), Bad()
    with planned(Progress("x", to=bad, clock=clock)) as observer:
        for event in fetched(1, ONE, 5):
            clock.now += 1
            observer(event)
    assert [what for what, *_ in bad.painted] == ["open"]
    assert caplog.messages == ["progress cannot be shown any more"]


def test_other_threads_change_numbers_and_do_not_paint(panel: Progress, fake: Fake, clock: Clock):
    def work() -> None:
        for event in fetched(1, ONE, 900):
            clock.now += 1
            panel(event)

    with panel as observer:
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        assert [what for what, *_ in fake.painted] == ["open"]
        observer(BytesMoved(1, "down", 950, 1_000))
        assert "95 %" in fake.last


def test_it_says_how_fast_it_goes_and_how_long_it_will_take(
    panel: Progress, fake: Fake, clock: Clock
):
    with panel as observer:
        for event in fetched(1, ONE, 0):
            observer(event)
        for done in (200, 400, 600):
            clock.now += 1.0
            observer(BytesMoved(1, "down", done, 1_000))
        assert "600 B of 3.9 KiB, 200 B/s, 17 s left" in fake.last
        assert fake.last.index(f"GET {ONE.digest.short}") < fake.last.index("blobs")
    assert "/s" not in fake.last
    assert "left" not in fake.last


def test_what_stands_still_is_seen_to(panel: Progress, fake: Fake, clock: Clock):
    with panel as observer:
        for event in fetched(1, ONE, 0):
            observer(event)
        clock.now += 1.0
        observer(BytesMoved(1, "down", 500, 1_000))
        assert "500 B/s" in fake.last
        painted = len(fake.painted)
        for _ in range(100):
            clock.now += 0.06
            panel.tick()
        assert "/s" not in fake.last
        assert 20 <= len(fake.painted) - painted <= 6 / INTERVAL


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (59, "59 s"),
        (61, "1 min"),
        (3_600, "1 h 0 min"),
        (5e5, "days"),
        (1e300, "days"),
    ],
)
def test_a_time_is_told_about_right(seconds: float, said: str):
    assert _duration(seconds) == said


def test_four_at_once_are_four_rows_that_move(fake: Fake, clock: Clock):
    blobs = [Descriptor.of(b"%d" % n * 1_000, media_types.LAYER) for n in range(4)]
    with Progress("x", to=fake, clock=clock) as observer:
        observer(Planned(tuple(blobs)))
        for number, blob in enumerate(blobs):
            for event in fetched(number, blob, 250 * number):
                observer(event)
        clock.now += 1
        observer.tick()
        rows = read(fake.painted[-1][1]).rows
        assert [row[-1].split()[:2] for row in rows[1:]] == [["↓", "fetching"]] * 4
        assert "and 3 more at once" in fake.last


def test_more_blobs_than_fit_are_counted():
    blobs = tuple(Descriptor.of(b"%d" % n, media_types.LAYER) for n in range(200))
    with Progress("x", to=(fake := Fake()), clock=Clock()) as observer:
        observer(Planned(blobs))
    assert "… 150 more" in fake.last
    assert len(fake.painted[1][1].encode()) <= 60_000


def test_nothing_to_move_is_no_trouble(fake: Fake, clock: Clock):
    with Progress("Pull a:v1", to=fake, clock=clock):
        pass
    assert "✓ done 0 B, 0.0 s" in fake.last


# Asking for it


def test_it_is_shown_when_wanted_and_only_then():
    assert faces.progress(False, "x") is None
    assert isinstance(faces.progress(True, "x"), Progress)


def test_without_a_word_it_is_shown_in_a_notebook_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ocinb.display.faces.in_notebook", lambda: False)
    assert faces.progress(None, "x") is None
    monkeypatch.setattr("ocinb.display.faces.in_notebook", lambda: True)
    assert isinstance(faces.progress(None, "x"), Progress)


def test_a_real_push_and_pull_are_followed_to_the_end(
    school: ocinb.LocalRegistry, tmp_path, capsys: pytest.CaptureFixture[str]
):
    repository = ocinb.Repository("demo/app", registry=school)
    repository.push(ocinb.sample.app("9.9"), "9.9", progress=True)
    pushed = capsys.readouterr()
    assert pushed.out == ""
    assert pushed.err.count("✓ verified") == 13
    assert pushed.err.count("= already there") == 6
    assert pushed.err.splitlines()[-1].startswith("Push local/demo/app:9.9 100 % ✓ done")
    repository.pull("9.9", tmp_path / "layout", progress=True)
    assert capsys.readouterr().err.count("✓ verified") == 19
    repository.pull("9.9", tmp_path / "again")
    assert capsys.readouterr().err == ""


# Sinks


def use(panel: Progress, tick: Callable[[], None] = lambda: None) -> None:
    with panel as observer:
        for event in (*fetched(1, ONE, 400), Verified(ONE.digest, 1), Skipped(TWO.digest, 1)):
            tick()
            observer(event)


def test_a_terminal_has_one_tidy_line(clock: Clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Tty()
    use(planned(Progress("Pull a:v1", to=Terminal(terminal), clock=clock)),
        lambda: setattr(clock, "now", clock.now + 1))  # fmt: skip
    *lines, last = terminal.getvalue().split("\r\x1b[2K")[1:]
    assert len(lines) == 5
    assert all(len(line) <= 39 and "\n" not in line for line in lines)
    assert last == "Pull a:v1 100 % ✓ done 3.9 KiB, 2 blobs, 1 already there, 5.0 s\n"


def test_a_log_has_a_line_for_each_blob_that_is_done(clock: Clock):
    log = io.StringIO()
    use(planned(Progress("Pull a:v1", to=Terminal(log), clock=clock)))
    assert log.getvalue().splitlines() == [
        f"{ONE.digest.short} layer, tar + gzip 1,000 B ✓ verified",
        f"{TWO.digest.short} image config 2.9 KiB = already there",
        "Pull a:v1 100 % ✓ done 3.9 KiB, 2 blobs, 1 already there, 0.0 s",
    ]


class FakeHandle:
    """What IPython's `display(…, display_id=True)` gives back."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def update(self, shown: Any) -> None:
        self.shown.append(shown)


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> FakeHandle:
    """A notebook's display, in place of IPython's."""
    handle = FakeHandle()

    def display(shown: Any, *, display_id: bool) -> FakeHandle:
        assert display_id is True
        handle.update(shown)
        return handle

    monkeypatch.setattr("IPython.display.display", display)
    return handle


def test_an_output_is_replaced_and_static_in_the_end(handle: FakeHandle, clock: Clock):
    use(planned(Progress("Pull a:v1", to=Output(), clock=clock)),
        lambda: setattr(clock, "now", clock.now + 1))  # fmt: skip
    bundles = [shown._repr_mimebundle_() for shown in handle.shown]
    assert len(bundles) == 7
    for bundle in bundles:
        read(bundle["text/html"])
    assert "✓ done" in bundles[-1]["text/html"]
    assert "✓ done" in bundles[-1]["text/plain"]


def test_a_widget_is_replaced_by_static_html(handle: FakeHandle, clock: Clock):
    pytest.importorskip("ipywidgets")
    widget = Widget()
    use(planned(Progress("Pull a:v1", to=widget, clock=clock)),
        lambda: setattr(clock, "now", clock.now + 1))  # fmt: skip
    live, final = handle.shown
    assert "↓ fetching" in live.value or "✓ verified" in live.value
    assert live._dom_classes == ("jp-RenderedHTMLCommon",)  # drawn as what stays is
    assert live.comm is None, "the widget is closed"
    assert "✓ done" in final._repr_mimebundle_()["text/html"]


def kernel(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    fake: Any = types.ModuleType("IPython")
    fake.get_ipython = lambda: shell
    monkeypatch.setitem(sys.modules, "IPython", fake)


def test_without_a_kernel_it_goes_to_the_terminal(monkeypatch: pytest.MonkeyPatch):
    assert isinstance(painting.sink(), Terminal)
    kernel(monkeypatch, types.SimpleNamespace())
    assert isinstance(painting.sink(), Terminal)
    monkeypatch.delitem(sys.modules, "IPython")
    assert not painting.in_notebook()


def test_a_notebook_gets_a_widget_where_there_are_any(monkeypatch: pytest.MonkeyPatch):
    kernel(monkeypatch, types.SimpleNamespace(kernel=object()))
    assert isinstance(painting.sink(), Widget)
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    assert type(painting.sink()) is Output
    monkeypatch.delitem(sys.modules, "google.colab")
    monkeypatch.setattr(painting, "find_spec", lambda _: None)
    assert type(painting.sink()) is Output


def test_in_a_notebook_it_says_how_to_stop_it(
    panel: Progress, fake: Fake, monkeypatch: pytest.MonkeyPatch
):
    kernel(monkeypatch, types.SimpleNamespace(kernel=object()))
    with panel:
        assert "interrupt the kernel" in fake.last
    assert "interrupt the kernel" not in fake.last
