"""`brt-watch serve` as a user starts it, on a captured folder without a Postgres; it takes no browser."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.acceptance.commands import Commands


def shown(client: httpx.Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first event of a stream and the vehicles of the same poll: another one may come between."""
    while True:
        # An event comes with the first poll that was read, however long that takes.
        with client.stream("GET", "/api/v1/stream") as stream:
            assert stream.headers["content-encoding"] == "gzip"
            lines = (line for line in stream.iter_lines() if not line.startswith(":") and line)
            assert next(lines) == "event: vehicles"
            assert next(lines).removeprefix("id: ").endswith("Z")
            event = json.loads(next(lines).removeprefix("data: "))
        collection = client.get("/api/v1/vehicles").json()
        if collection["gerado_em"] == event["gerado_em"]:
            return event, collection


def test_page_vehicles_and_stream_work_without_postgres(served: Commands, site: str) -> None:
    with httpx.Client(base_url=site, timeout=60) as client:
        page = client.get("/")
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]
        event, collection = shown(client)
        assert (event["simulado"], len(event["veiculos"])) == (True, 748)
        assert len(collection["features"]) == 748
        health = client.get("/health")
        assert (health.status_code, health.json()["detail"][:29]) == (503, "Postgres does not answer at 1")
        assert client.get("/api/docs").status_code == 200
    # It listened before it said so; a port that is taken is a sentence and exit code 1.
    assert f"{site}/ shows" in (served.data.parent / "serve.log").read_text()
    assert served.run("serve", expect=1) == ""
