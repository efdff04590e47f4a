"""A real JupyterLab on loopback, with a private home, and a headless Chromium that looks at it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from ocinb.client.wire.transport import Transport
from ocinb.errors import TransferError
from ocinb.protocol.messages import Request

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
_FLAGS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # nothing outside can be asked
]
_TALLEST = 14_000  # pixels of one screenshot
_PANEL = "[...window.jupyterapp.shell.widgets('main')].find(w => w.sessionContext)"


class Lab:
    """`jupyter lab` serving `root`; its configuration, data and kernels are its own."""

    def __init__(self, root: Path, home: Path, theme: str) -> None:
        self.root, self.home = root, home
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self._write_settings(THEMES[theme])

    def _write_settings(self, theme: str) -> None:
        settings: dict[str, dict[str, Any]] = {
            "apputils-extension/themes": {"theme": theme},
            "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
            # Otherwise outputs that are scrolled away are taken out of the page.
            "notebook-extension/tracker": {"windowingMode": "none"},
        }
        for name, value in settings.items():
            file = self.home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(value))

    def __enter__(self) -> Self:
        folders = {"CONFIG": "config", "DATA": "data", "RUNTIME": "runtime"}
        environment = {
            **os.environ,
            **{f"JUPYTER_{name}_DIR": str(self.home / folder) for name, folder in folders.items()},
            "JUPYTERLAB_SETTINGS_DIR": str(self.home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "workspaces"),
            "IPYTHONDIR": str(self.home / "ipython"),
            "JUPYTER_NO_CONFIG": "1",
            "JUPYTER_PLATFORM_DIRS": "1",
        }
        port = self.url.rpartition(":")[2]
        self._log = (self.home / "server.log").open("wb")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
                *("--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.root}"),
                *(f"--IdentityProvider.token={self.token}", "--LabApp.news_url=None"),
                *("--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True"),
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                "--ServerApp.shutdown_no_activity_timeout=600",
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait()
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + 90
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self.home / "server.log").read_text()[-4_000:]
                raise RuntimeError(f"JupyterLab did not start:\n{log}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        token = {"Authorization": f"token {self.token}"}
        try:
            status = Request("GET", f"{self.url}/api/status", token)
            return Transport().exchange(status).status == 200
        except TransferError:
            return False

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


class Page:
    """A notebook open in JupyterLab; `errors` are those of the browser, `outside` what it asked for
    that is not on this server."""

    def __init__(self, context: Any, lab: Lab, notebook: str) -> None:
        self.page = context.new_page()
        self.errors: list[str] = []
        self.outside: list[str] = []
        own = (lab.url, lab.url.replace("http", "ws", 1), "data:", "blob:")
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "request",
            lambda request: (
                None if request.url.startswith(own) else self.outside.append(request.url)
            ),
        )
        self.page.goto(
            f"{lab.url}/lab/tree/{notebook}?reset&token={lab.token}", wait_until="domcontentloaded"
        )
        self.page.wait_for_function(
            "() => window.jupyterapp && window.jupyterapp.restored", timeout=90_000
        )
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
        self._run(
            f"""async () => {{
                while (!{_PANEL}) await new Promise(r => setTimeout(r, 50));
                await {_PANEL}.sessionContext.ready; await {_PANEL}.context.ready;
            }}""",
            120,
        )

    def _run(self, script: str, seconds: float) -> Any:
        """What `script` gives; a page that never answers is an error after `seconds`."""
        return self.page.evaluate(
            f"""() => Promise.race([({script})(), new Promise((_, refuse) =>
                setTimeout(() => refuse(new Error('no answer')), {seconds * 1_000}))])"""
        )

    def run_all(self, seconds: float = 240) -> None:
        """Run every cell and wait until what they show is drawn."""
        command = "window.jupyterapp.commands.execute('notebook:run-all-cells')"
        self._run(f"async () => {{ await {command} }}", seconds)
        self.page.wait_for_function(
            """() => document.fonts.status === 'loaded' &&
                ![...document.querySelectorAll('.jp-OutputArea-output')]
                    .some(output => /Loading widget/.test(output.textContent))""",
            timeout=30_000,
        )

    def save(self) -> None:
        """Write the notebook with its outputs."""
        self._run("async () => { await window.jupyterapp.commands.execute('docmanager:save') }", 60)

    def output(self, source: str) -> Any:
        """The output area of the first code cell that contains `source`."""
        cells = self.page.locator(".jp-CodeCell", has_text=source)
        return cells.first.locator(".jp-Cell-outputWrapper")

    def failures(self) -> list[str]:
        """The text of every traceback that is shown, and of whatever else went to stderr."""
        kinds = ("error", "stderr")  # which of them a traceback is drawn as depends on the version
        found = self.page.locator(
            ",".join(f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in kinds)
        )
        return [str(text) for text in found.all_text_contents()]

    def picture(self, path: Path) -> None:
        """A screenshot of the whole notebook."""
        path.parent.mkdir(parents=True, exist_ok=True)
        width = self.page.viewport_size["width"]
        height = int(min(max(self._to_the_top() + 60, 400), _TALLEST))
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_timeout(300)
        self._to_the_top()
        self.page.locator(".jp-Notebook").first.screenshot(path=path, animations="disabled")

    def _to_the_top(self) -> float:
        """Scroll to the first cell; returns where the last one ends, in pixels."""
        return float(
            self.page.evaluate(
                """() => { document.querySelector('.jp-WindowedPanel-outer')?.scrollTo(0, 0);
                    const cells = document.querySelectorAll('.jp-Notebook .jp-Cell');
                    return cells[cells.length - 1].getBoundingClientRect().bottom }"""
            )
        )

    def close(self) -> None:
        """Close the page."""
        self.page.close()


def launch(playwright: Any) -> Any:
    """A headless Chromium that cannot reach anything but loopback."""
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return playwright.chromium.launch(
        executable_path=CHROMIUM, headless=True, args=_FLAGS, env=environment
    )
