"""`brt-watch start` with a GTFS-Realtime address and a GTFS: that city in the browser, and nothing of Rio."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests import made_up_city as city
from tests.acceptance.commands import Commands
from tests.acceptance.conftest import reachable_folder
from tests.browser.conftest import _wait_for
from tests.free_port import free_port

pytestmark = pytest.mark.system

OF_RIO = re.compile(r"\bRio\b|BRT|SMTR|TransO|mobilidade\.rio")


class Positions(BaseHTTPRequestHandler):
    """The vehicle positions of the made-up city now."""

    def do_GET(self) -> None:
        body = city.message(datetime.now(timezone.utc))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    port = free_port()
    with ThreadingHTTPServer(("127.0.0.1", 0), Positions) as feed, reachable_folder() as folder:
        Thread(target=feed.serve_forever, daemon=True).start()
        commands = Commands(
            folder / "data",
            BRT_WATCH_FEED="gtfs_rt",
            BRT_WATCH_FEED_URL=f"http://127.0.0.1:{feed.server_port}/vehicle-positions",
            BRT_WATCH_GTFS=str(city.write_gtfs(folder / "city.zip")),
            BRT_WATCH_POLL_SECONDS="15",
            # A database takes longer to make than all else here, and the page would read nothing of it.
            BRT_WATCH_DATABASE_URL="none",
            BRT_WATCH_HTTP_PORT=str(port),
        )
        city.lend_statements(commands.data)
        assert "brt-watch runs." in commands.run("start")
        # Once there is a poll.
        _wait_for(f"http://127.0.0.1:{port}/gtfs-rt/vehicle-positions", [])
        yield f"http://127.0.0.1:{port}"
        commands.here("stop")
        feed.shutdown()


def test_start_with_a_feed_and_a_gtfs_is_that_city(visit: Any) -> None:
    seen = visit()
    asked: list[str] = []
    seen.page.on("request", lambda request: asked.append(request.url))
    page = seen.map(least=city.LINES)
    centre = page.evaluate("document.querySelector('canvas.fleet').fleet.map.getCenter()")
    assert abs(centre["lat"] - 42.345) < 0.1
    assert abs(centre["lng"] + 71.07) < 0.1
    assert [url for url in asked if "coast" in url or "card" in url] == []
    shown = [page.content()]
    for view in ("linhas", "captura"):
        shown.append(seen.view(view).content())
        assert "Made-up Transit" in shown[-1]
    assert OF_RIO.findall("".join(shown)) == []
    assert (
        page.locator("html").evaluate("root => root.style.getPropertyValue('--source')").count("Made-up Transit") == 1
    )
