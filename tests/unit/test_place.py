"""A hint names commands of the system that the message is about, as people type them where this code lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from brt_watch import place
from brt_watch.cli import app
from brt_watch.errors import AlreadyRunning, DatabaseUnreachable, NotRunning, SupervisorSilent
from brt_watch.settings import Settings, load_settings
from brt_watch.simulate import demo


@pytest.fixture
def in_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (place.IN_DEMO, *(demo.PREFIX + name for name in demo.ENVIRONMENT)):
        monkeypatch.setenv(name, "")  # so that all are as before afterwards
    demo.enter()


OF_THE_USER = {
    **{"feed_url": "https://example.org/gps", "feed": "gtfs_rt", "feeds": "sppo=sppo_zirix:https://example.org/sppo"},
    **{"gtfs": "https://example.org/gtfs.zip", "recover_url": "https://example.org/its", "data": "data"},
    **{"database_url": "postgresql://me@example.org/brt", "postgres_port": "15432", "http_port": "8000"},
    **{"lake_mirror": "s3://bucket/brt", "alert_webhook": "https://example.org/hook"},
}
"""Settings that lead out of the demo: to the user's own system, or to others'."""

OF_BOTH = {
    *("poll_seconds", "window_minutes", "load_minutes", "max_response_bytes", "keep_raw_days", "keep_csv_days"),
    # Who may read the page; the office's Prefect, which is asked only by hand; the clock of a test.
    *("http_cors", "http_embed", "prefect_api", "flow_image", "clock"),
}


@pytest.mark.parametrize("feed_url", ["https://example.org/gps", f"{demo.LOOPBACK}9/gps/brt"])
def test_no_setting_leads_out_of_the_demo(monkeypatch: pytest.MonkeyPatch, feed_url: str) -> None:
    assert {*OF_THE_USER, *OF_BOTH} == {*Settings.model_fields}, "does the demo keep the new setting?"
    for name, value in (OF_THE_USER | {"feed_url": feed_url}).items():
        monkeypatch.setenv(f"BRT_WATCH_{name.upper()}", value)
    for name in (place.IN_DEMO, "BRT_WATCH_ENV_FILE"):
        monkeypatch.setenv(name, "")
    demo.enter()
    values = load_settings().model_dump()
    said = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else str(value) for name, value in values.items()
    }
    assert [name for name, value in said.items() if "example" in value or "bucket" in value] == []
    assert said["feed_url"].startswith(demo.LOOPBACK)


HINTS = [
    ("make start", "make demo", "brt-watch demo"),
    ("make stop, then make start", "make stop DEMO=1, then make demo", "brt-watch --demo stop, then brt-watch demo"),
    ("make stop DEMO=1", "make stop DEMO=1", "brt-watch --demo stop"),
    ("make start_db", "make start_db DEMO=1", "brt-watch --demo db start"),
    ("make duckdb", "make duckdb DEMO=1", "brt-watch --demo lake shell"),
    ("make demo", "make demo", "brt-watch demo"),
    ("make server", "make server", "docker compose --profile server up"),
    ("brt-watch lake build", "brt-watch --demo lake build", "brt-watch --demo lake build"),
    ("brt-watch runs", "brt-watch runs", "brt-watch runs"),
]


@pytest.mark.parametrize(("written", "checkout", "installed"), HINTS)
@pytest.mark.usefixtures("in_demo")
def test_in_the_demo_a_hint_names_the_demo(
    monkeypatch: pytest.MonkeyPatch, written: str, checkout: str, installed: str
) -> None:
    monkeypatch.setattr(place, "is_checkout", lambda: True)
    assert place.as_typed(written) == checkout
    monkeypatch.setattr(place, "is_checkout", lambda: False)
    assert place.as_typed(written) == installed


@pytest.mark.parametrize("written", [hint[0] for hint in HINTS])
def test_outside_the_demo_a_hint_stays(written: str) -> None:
    assert place.as_typed(written) == written


@pytest.mark.usefixtures("in_demo")
def test_no_error_of_the_demo_stops_the_users_system() -> None:
    errors = [
        AlreadyRunning(what="It", pid=1),
        SupervisorSilent(pid=1, reason="x"),
        NotRunning(),
        DatabaseUnreachable(where="x", reason="y"),
    ]
    said = " ".join(map(str, errors))
    assert "make start:" not in said
    assert "make start." not in said
    assert said.count("make stop") == said.count("make stop DEMO=1") == 2
    assert said.count("make demo") == 2
    assert "make start_db DEMO=1" in said


@pytest.mark.usefixtures("in_demo")
def test_the_logs_of_no_demo_are_a_hint_to_start_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRT_WATCH_FEED_URL", f"{demo.LOOPBACK}9/gps/brt")
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data-demo"))
    said = CliRunner().invoke(app, ["--demo", "logs"])
    assert (said.output, said.exit_code) == ("there are no logs yet: make demo\n", 1)
