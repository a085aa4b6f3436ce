"""A browser, and the whole system for it to look at: a simulated API, a capture with an hour of the past, the page."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.commands import Commands
from tests.browser import marts
from tests.free_port import free_port
from tests.shared_run import compile_models
from tests.simulated_morning import EARLY, clock_at

# The first is Chromium without its own windows and menus, which costs the processor a third less.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
FLAGS = [
    *("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--no-sandbox"),
    # WebGL alone goes through the software renderer; all else is drawn without one, which is three times cheaper.
    "--disable-gpu-compositing",
    # What is elsewhere cannot be found: the page must do without the internet.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="session", autouse=True)
def _models_are_compiled() -> None:
    """One-time work of about ten seconds does not count towards the time limit of a page."""
    compile_models()


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Chromium without a window; WebGL is rendered in software."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="the page's tests need playwright: pip install playwright"
    )
    if CHROMIUM is None:
        pytest.skip("the page's tests need Chromium: make browser")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def served() -> Iterator[Commands]:
    """The page on twenty simulated minutes that a capture continues, without a database.

    They are those before 05:20 on a Tuesday, when all lines run.
    """
    pytest.importorskip("brt_watch.web.app", reason="the server of the page is not installed")
    data = Path(tempfile.mkdtemp(prefix="brt-watch-browser-"))
    commands = Commands(
        data / "data",
        BRT_WATCH_FEED_URL=f"http://127.0.0.1:{free_port()}/gps/brt",
        BRT_WATCH_HTTP_PORT=str(free_port()),
        BRT_WATCH_POSTGRES_PORT=str(free_port()),
        # Each poll costs the page seconds of processor time.
        BRT_WATCH_POLL_SECONDS="60",
        BRT_WATCH_CLOCK=clock_at(EARLY),
    )
    commands.run("simulate", "--history", "0.35")
    # The capture goes on at once, however long a busy machine took for the past.
    commands.environment["BRT_WATCH_CLOCK"] = clock_at(EARLY)
    with (data / "serve.log").open("w") as log:
        running = [
            subprocess.Popen([*commands.program, word], env=commands.environment, stdout=log, stderr=log)
            for word in ("simulate", "capture", "serve")
        ]
    try:
        # /health is 503 here, for there is no Postgres; this is 503 only before the first poll.
        _wait_for(f"{site_of(commands)}/gtfs-rt/vehicle-positions", running)
        yield commands
    finally:
        for process in reversed(running):
            process.terminate()
        codes = [process.wait(30) for process in running]
        shutil.rmtree(data)
    assert codes[-1] in (0, -15), "the server ends when it is asked to"


def site_of(commands: Commands) -> str:
    return f"http://127.0.0.1:{commands.environment['BRT_WATCH_HTTP_PORT']}"


@pytest.fixture(scope="package")
def site(served: Commands) -> str:
    """The address of the page."""
    return site_of(served)


def _wait_for(url: str, running: list[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + 600
    while time.monotonic() < until:
        assert all(process.poll() is None for process in running), "a process of the system ended"
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise AssertionError(f"{url} does not answer")


READY = {
    "linhas": "tbody tr",
    "diagrama": ".diagram .trip",
    "captura": ".minutes .cell.good",
    "estacao": ".stations a, .direction",
    "controle": ".bead circle",
    "regularidade": ".heat",
    "viagens": ".compact tbody tr",
    "velocidade": ".stretch",
    "plano": ".compact tbody tr",
    "dia": ".compact tbody tr",
    "acerto": ".lede:not(:empty)",
}
"""The content of a view once its data is loaded."""


@dataclass
class Visit:
    """A page in the browser, and its errors."""

    page: Any
    site: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    refused: str | None = None
    """A host that the test lets the page ask for, in vain."""

    def go(self, place: str) -> Any:
        self.page.goto(f"{self.site}/#/{place}")
        return self.page

    def map(self, place: str = "mapa", least: int = 300) -> Any:
        """Go to the live map and wait until its buses are drawn."""
        self.go(place)
        self.page.wait_for_function(
            "least => document.querySelector('canvas.fleet')?.fleet.items.length >= least", arg=least
        )
        return self.page

    def view(self, name: str, place: str = "") -> Any:
        """Go to a view and wait until it shows its content."""
        self.go(name + place)
        self.page.locator(f"main.view-{name}").wait_for()
        if name in READY:
            # Not visible: a bus that stands is a line without a height.
            self.page.locator(READY[name]).first.wait_for(state="attached")
            return self.page
        return self.map(name + place)

    def with_database(self, *addresses: str) -> None:
        """Answer as if the missing database had been queried too."""

        def answer(route: Any) -> None:
            response = route.fetch()
            route.fulfill(response=response, json=response.json() | {"aviso": None, "aviso_codigo": None})

        for address in addresses:
            self.page.route(f"**/api/v1/{address}", answer)
        # The server has no totals of days without a database.
        self.page.route("**/api/v1/coverage/days?*", lambda route: route.fulfill(json=[]))

    def with_marts(self) -> None:
        """Answer as if the models had been derived, which takes a database."""
        self.page.route("**/api/v1/stream", lambda route: route.fulfill(status=204))
        self.with_database("vehicles", "lines/*/stringline?*")
        self.page.route("**/api/v1/forecasts/score*", lambda route: route.fulfill(json=marts.score_of_forecasts()))
        for name in marts.ADDRESSES:
            self.page.route(f"**/api/v1/{name}?*", lambda route: route.fulfill(json=marts.answer(route.request.url)))

    def shown(self) -> int:
        return int(self.page.evaluate("document.querySelector('canvas.fleet').fleet.items.length"))


@pytest.fixture
def visit(browser: Any, site: str) -> Iterator[Any]:
    """Return a function that opens a page; at the end nothing may have complained, nor been asked for elsewhere."""
    visits: list[Visit] = []

    def open_page(**options: Any) -> Visit:
        # Without motion, unless a test is about it: to draw at every frame takes the processor that the others need.
        settings = {"viewport": {"width": 1100, "height": 700}, "locale": "pt-BR", "reduced_motion": "reduce"} | options
        context = browser.new_context(**settings)
        page = context.new_page()
        # For a busy machine; where all is well, nothing waits for so long.
        page.set_default_timeout(120_000)
        seen = Visit(page, site)
        page.on(
            "console", lambda said: seen.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((site, "blob:", "data:")) else seen.elsewhere.append(asked.url),
        )
        visits.append(seen)
        return seen

    yield open_page
    for seen in visits:
        seen.page.unroute_all(behavior="ignoreErrors")
        seen.page.context.close()
        # Software WebGL tells that reading pixels back is slow; that is the screenshot, not the page.
        complaints = [text for text in seen.complaints if "GPU stall due to ReadPixels" not in text]
        elsewhere = seen.elsewhere
        if seen.refused:
            complaints = [text for text in complaints if "net::ERR_NAME_NOT_RESOLVED" not in text]
            elsewhere = [address for address in elsewhere if seen.refused not in address]
        assert not complaints
        assert not elsewhere
