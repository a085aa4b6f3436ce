"""The demo: a simulated BRT and a separate system that captures it, beside the real one or without it."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from brt_watch.errors import ServiceFailed
from brt_watch.place import IN_DEMO
from brt_watch.settings import PREFIX

LOOPBACK = "http://127.0.0.1:"
PORT = 8766

ENVIRONMENT = {
    "DATA": "data-demo",
    "FEED_URL": f"{LOOPBACK}{PORT}/gps/brt",
    "POSTGRES_PORT": "15433",
    "HTTP_PORT": "8001",
    "FEED": "brt",
    # Nothing real comes in, and nothing simulated goes out.
    "FEEDS": "",
    "GTFS": "",
    "RECOVER_URL": "",
    "DATABASE_URL": "",
    "LAKE_MIRROR": "",
    "ALERT_WEBHOOK": "",
    "ENV_FILE": "",
}
"""The settings of the demo. The environment overrides those with a value, if it also names a simulated API."""


def enter() -> None:
    """Make the settings read after this those of the demo."""
    named = os.environ.get(f"{PREFIX}FEED_URL", "").startswith(LOOPBACK)
    for name, value in ENVIRONMENT.items():
        if value and named:
            os.environ.setdefault(PREFIX + name, value)
        else:
            os.environ[PREFIX + name] = value
    os.environ[IN_DEMO] = "1"


def port_of(feed_url: str) -> int:
    """Return the port of an API on loopback; for any other API, the demo's port."""
    return (urlsplit(feed_url).port if feed_url.startswith(LOOPBACK) else None) or PORT


def wait_for_api(feed_url: str, log: Path, seconds: float = 180) -> None:
    """Wait until the simulated API accepts requests, a few seconds after its start; raises ServiceFailed."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port_of(feed_url)), timeout=1):
            return
        time.sleep(0.1)
    raise ServiceFailed(name="simulator", log=log)
