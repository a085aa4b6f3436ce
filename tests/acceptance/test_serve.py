"""`brt-watch serve` as a user starts it, on a captured folder without a Postgres."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.commands import Commands
from tests.free_port import free_port
from tests.simulated_morning import PARKED, clock_at


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    port = free_port()
    commands = Commands(
        folder / "data",
        BRT_WATCH_HTTP_PORT=str(port),
        BRT_WATCH_POSTGRES_PORT=str(free_port()),
        BRT_WATCH_CLOCK=clock_at(PARKED),
    )
    commands.run("simulate", "--history", "0.05")
    with (folder / "serve.log").open("w") as log:
        command = [sys.executable, "-m", "brt_watch", "serve"]
        environment = os.environ | commands.environment
        serving = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.PIPE, text=True)
    assert serving.stderr
    # It listens before it says so, and answers when it has read.
    assert f"http://127.0.0.1:{port}/" in serving.stderr.readline()
    refused = commands.run("serve", expect=1)
    assert refused == "", "a port that is taken is a sentence and exit code 1"
    yield f"http://127.0.0.1:{port}"
    serving.terminate()
    assert serving.wait(timeout=30) in (0, -15)
    serving.stderr.close()


def test_page_vehicles_and_stream_work_without_postgres(url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as client:
        page = client.get("/")
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]
        # An event comes with the first poll that was read, however long that takes.
        with client.stream("GET", "/api/v1/stream") as stream:
            assert stream.headers["content-encoding"] == "gzip"
            lines = (line for line in stream.iter_lines() if not line.startswith(":") and line)
            assert next(lines) == "event: vehicles"
            tick = next(lines).removeprefix("id: ")
            event = json.loads(next(lines).removeprefix("data: "))
        assert (event["simulado"], len(event["veiculos"])) == (True, 748)
        collection = client.get("/api/v1/vehicles").json()
        assert len(collection["features"]) == 748
        assert collection["gerado_em"] == event["gerado_em"]
        assert tick.endswith("Z")
        health = client.get("/health")
        assert (health.status_code, health.json()["detail"][:29]) == (503, "Postgres does not answer at 1")
        assert client.get("/api/docs").status_code == 200
