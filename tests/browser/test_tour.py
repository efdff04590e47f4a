"""The tour in real JupyterLab: what a person sees, in both themes, live and when opened again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import CHROMIUM, Lab, Page, launch

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent.parent
TOUR = ROOT / "notebooks" / "00_tour.ipynb"
PICTURES = ROOT / "build" / "screenshots"
PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/arm/v7")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("chromium is not there")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tour is run and saved."""
    return tmp_path_factory.mktemp("notebooks") / "tour.ipynb"


@pytest.fixture(scope="module")
def tour(
    browser: Any, theme: str, saved: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """The tour after all its cells ran."""
    shutil.copy(TOUR, saved)
    with Lab(saved.parent, tmp_path_factory.mktemp("home"), theme) as lab:
        context = browser.new_context(
            viewport={"width": 1200, "height": 1400}, color_scheme=theme, reduced_motion="reduce"
        )
        page = Page(context, lab, saved.name)
        page.run_all()
        yield page
        context.close()


def test_every_cell_runs_and_nothing_outside_is_asked(tour: Page, theme: str):
    tour.picture(PICTURES / f"tour-{theme}.png")
    assert tour.failures() == []
    assert tour.errors == []
    assert tour.outside == []


def test_a_finished_push_leaves_a_full_bar(tour: Page):
    shown = tour.output('repository.push(app, "1.4.2", "1.4", "latest"')
    bar = shown.locator("progress").first
    assert bar.is_visible()
    assert bar.evaluate("bar => bar.value === bar.max && bar.max > 0")
    assert "✓" in shown.inner_text()


def test_the_index_has_a_row_for_each_platform_and_none_for_what_is_no_image(tour: Page):
    text = tour.output("index.load()").inner_text()
    for platform in PLATFORMS:
        assert platform in text
    assert "unknown/unknown" not in text
    assert tour.output("index.load()").locator("table").first.is_visible()


def test_history_stands_beside_its_layers(tour: Page):
    text = tour.output('index["linux/arm64"]').inner_text()
    assert "apk add --no-cache runtime" in text
    assert re.search(r"\d+(\.\d+)? (KiB|MiB)", text)


def test_an_error_says_what_there_is_instead(tour: Page):
    text = tour.output('repository["lates"]').inner_text()
    assert "404" in text
    assert "did you mean 'latest'" in text


def test_a_saved_tour_reads_the_same_to_somebody_who_does_not_trust_it(
    tour: Page, browser: Any, theme: str, saved: Path, tmp_path_factory: pytest.TempPathFactory
):
    tour.save()
    folder = tmp_path_factory.mktemp("reader")
    shutil.copy(saved, folder / "read.ipynb")
    with Lab(folder, tmp_path_factory.mktemp("stranger"), theme) as lab:
        context = browser.new_context(viewport={"width": 1200, "height": 1400}, color_scheme=theme)
        page = Page(context, lab, "read.ipynb")
        page.picture(PICTURES / f"saved-{theme}.png")
        text = page.page.locator(".jp-Notebook").inner_text()
        bar = page.output('repository.push(app, "1.4.2", "1.4", "latest"').locator("progress").first
        assert bar.is_visible()
        context.close()
    assert "model not found" not in text
    assert "linux/arm64/v8" in text
    assert page.outside == []
