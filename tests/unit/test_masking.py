from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from brt_watch import cli
from brt_watch.capture.alerts import Webhook
from brt_watch.capture.contract import Alert
from brt_watch.clock import UTC
from brt_watch.errors import DatabaseRefused, FeedFailed
from brt_watch.masking import MaskingFilter, mask_event, masked
from brt_watch.settings import load_settings
from tests.made_vehicles import NOON

ADDRESSES = [
    "postgresql+psycopg2://me:geheim@db/brt",
    "postgresql://me:ge:heim@db:5432/brt?sslmode=require",
    "postgresql://me:geheim@other@db/brt",
    "http://me:geheim@proxy.example.org:3128",
    "https://me:geheim@",
    "host=db user=me password=geheim dbname=brt",
    "host=db password='geheim heim' user=me",
    "postgresql://db/brt?user=me&password=geheim&sslmode=require",
    "PGPASSWORD=geheim psql",
    "https://geheim@dados.example.org/gps/brt",
    "https://dados.example.org/gps/brt?token=geheim",
    "https://dados.example.org/gps/brt?x=1&api_key=geheim&y=2",
    "https://dados.example.org/gps/brt?access_token=geheim#x",
    "postgresql://me:ge heim@db/brt",
    "postgresql://me:ge heim@other@db/brt",
    "{'user': 'me', 'password': 'geheim'}",
    "{'user': 'me', 'password': 'geheim heim'}",
    '{"password": "geheim", "port": 1}',
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_message_holds_a_password(address: str) -> None:
    text = f'missing "=" after "{address}" in connection info string'
    assert "heim" not in masked(text)
    assert "heim" not in str(DatabaseRefused(reason=text))
    assert "heim" not in str(FeedFailed("proxy", text))
    assert "heim" not in FeedFailed("proxy", text).detail
    assert "heim" not in str(mask_event(None, "info", {"event": "x", "problem": text}))
    alert = Alert("raised", "run_failed", "dbt_flow", text, NOON.astimezone(UTC))
    assert "heim" not in str(Webhook("https://example.org/", lambda: "test")._message(alert))
    try:
        raise ValueError(text)
    except ValueError:
        record = logging.LogRecord("prefect", logging.ERROR, "x.py", 1, "failed: %s", (text,), sys.exc_info())
    assert MaskingFilter().filter(record)
    assert "heim" not in logging.Formatter().format(record)


@pytest.mark.parametrize(
    "text",
    [
        "https://dados.mobilidade.rio/gps/brt",
        "me@example.org: 3:20",
        "postgresql://me@db:5432/brt",
        "a password",
        "http://localhost:8000 shows it; ask me@example.org",
        "http://localhost:8000/?linha=22 and me@example.org",
        "wrong password: try again",
        "it has the form postgresql://user:password@host/database",
        "https://x.org/a@b",
    ],
)
def test_what_is_no_password_stays(text: str) -> None:
    assert masked(text) == text


def test_an_unexpected_error_is_printed_masked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise RuntimeError("postgresql://me:geheim@db/brt")

    monkeypatch.setattr("sys.argv", ["brt-watch", "version"])
    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit):
        cli.main()
    printed = capsys.readouterr().err
    assert "RuntimeError" in printed
    assert "geheim" not in printed


def test_prefect_logs_through_the_mask(flows: object) -> None:
    handlers = [each for each in logging.getLogger("prefect").handlers if type(each).__module__ != "_pytest.logging"]
    assert handlers
    assert all(any(isinstance(each, MaskingFilter) for each in handler.filters) for handler in handlers)


def test_the_password_of_a_feed_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BRT_WATCH_FEED_URL", "https://me:geheim@dados.mobilidade.rio/gps/brt")
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    for words in (["config"], ["config", "--json"], ["status"], ["status", "--json"]):
        monkeypatch.setattr("sys.argv", ["brt-watch", *words])
        with pytest.raises(SystemExit):
            cli.main()
        printed = capsys.readouterr()
        assert "geheim" not in printed.out + printed.err
    assert "geheim" in str(load_settings().feed_url), "the API gets it"
