"""A browser, and the page for it to look at, on what was captured of a simulated API."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest

from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.network import read_network
from brt_watch.settings import load_settings
from brt_watch.simulate.history import history
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


MEANWHILE = timedelta(minutes=2)
"""The time in which the tests can ask for polls, one a minute."""


class Served(Commands):
    """The data folder that the page shows, and the simulation that it comes from."""

    @contextmanager
    def captured(self) -> Iterator[None]:
        """Capture what comes before the tests, which may then ask for more."""
        with mock.patch.dict(os.environ, self.environment):
            settings = load_settings()
        begin = EARLY - timedelta(minutes=21)
        simulation = simulate_into(settings, Simulation.beginning(begin))
        end = EARLY + MEANWHILE + timedelta(seconds=1)
        with closing(history(settings, read_network(), simulation, begin, end)) as self._polls:
            while self.poll() < EARLY:
                pass
            # Without it the past is there sooner, but the tests make more garbage.
            gc.enable()
            yield

    def poll(self) -> datetime:
        """Capture the next poll, as the capture that runs would: each one costs the page a second of the processor."""
        return next(self._polls)


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
def served() -> Iterator[Served]:
    """The page on twenty simulated minutes, without a database.

    They are those before 05:20 on a Tuesday, when all lines run.
    """
    data = Path(tempfile.mkdtemp(prefix="brt-watch-browser-"))
    commands = Served(
        data / "data",
        BRT_WATCH_FEED_URL=f"http://127.0.0.1:{free_port()}/gps/brt",
        BRT_WATCH_HTTP_PORT=str(free_port()),
        BRT_WATCH_POSTGRES_PORT=str(free_port()),
        BRT_WATCH_POLL_SECONDS="60",
        # It hardly moves: however long the tests take, the capture is not late.
        BRT_WATCH_CLOCK=clock_at(EARLY + MEANWHILE, speed=0.001),
    )
    with commands.captured(), (data / "serve.log").open("w") as log:
        serve = subprocess.Popen([*commands.program, "serve"], env=commands.environment, stdout=log, stderr=log)
        try:
            # /health is 503 here, for there is no Postgres; this is 503 only before the first poll.
            _wait_for(f"{site_of(commands)}/gtfs-rt/vehicle-positions", [serve])
            yield commands
        finally:
            serve.terminate()
            code = serve.wait(30)
            shutil.rmtree(data)
    assert code in (0, -15), "the server ends when it is asked to"


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

    def alter(self, address: str, change: Callable[[Any], Any]) -> None:
        """Answer requests of an address of the API with a changed form of what the server answers."""

        def answer(route: Any) -> None:
            response = route.fetch()
            route.fulfill(response=response, json=change(response.json()))

        self.page.route(f"**/api/v1/{address}", answer)

    def with_database(self, *addresses: str) -> None:
        """Answer as if the missing database had been queried too."""
        for address in addresses:
            self.alter(address, lambda known: known | {"aviso": None, "aviso_codigo": None})
        # The server has no totals of days without a database.
        self.page.route("**/api/v1/coverage/days?*", lambda route: route.fulfill(json=[]))

    def with_marts(self) -> None:
        """Answer as if the models had been derived, which takes a database."""
        self.page.route("**/api/v1/stream", lambda route: route.fulfill(status=204))
        self.with_database("vehicles", "lines/*/stringline?*")
        self.page.route("**/api/v1/forecasts/score*", lambda route: route.fulfill(json=marts.score_of_forecasts()))
        for name in marts.ADDRESSES:
            self.page.route(f"**/api/v1/{name}?*", lambda route: route.fulfill(json=marts.answer(route.request.url)))

    def assert_no_complaints(self) -> None:
        """Assert that nothing has complained, nor been asked for elsewhere."""
        # Software WebGL tells that reading pixels back is slow; that is the screenshot, not the page.
        complaints = [text for text in self.complaints if "GPU stall due to ReadPixels" not in text]
        elsewhere = self.elsewhere
        if self.refused:
            complaints = [text for text in complaints if "net::ERR_NAME_NOT_RESOLVED" not in text]
            elsewhere = [address for address in elsewhere if self.refused not in address]
        assert not complaints
        assert not elsewhere

    def shown(self) -> int:
        return int(self.page.evaluate("document.querySelector('canvas.fleet').fleet.items.length"))


@contextmanager
def opened(browser: Any, site: str) -> Iterator[Callable[..., Visit]]:
    """Yield a function that opens a page; at the end nothing may have complained, nor been asked for elsewhere."""
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
        # Of hundreds of requests for what is here it need not hear: what is elsewhere is not found.
        page.on(
            "requestfailed",
            lambda asked: None if asked.url.startswith((site, "blob:", "data:")) else seen.elsewhere.append(asked.url),
        )
        visits.append(seen)
        return seen

    yield open_page
    for seen in visits:
        seen.page.unroute_all(behavior="ignoreErrors")
        seen.page.context.close()
        seen.assert_no_complaints()


@pytest.fixture
def visit(browser: Any, site: str) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a page for a test."""
    with opened(browser, site) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def tab(browser: Any, site: str) -> Iterator[Visit]:
    """A page for all tests of a file that need none of their own: to load one takes one to three seconds."""
    with opened(browser, site) as open_page:
        yield open_page()


@pytest.fixture
def seen(tab: Visit) -> Iterator[Visit]:
    """That page, in a view where the test before this one has left nothing."""
    tab.complaints.clear()
    tab.view("captura")
    yield tab
    tab.page.unroute_all(behavior="ignoreErrors")
    tab.assert_no_complaints()


@pytest.fixture
def seen_with_marts(seen: Visit) -> Visit:
    """That page as if the models had been derived."""
    seen.with_marts()
    seen.page.evaluate("async () => (await import('/page/js/live.js')).live.ask()")
    return seen
