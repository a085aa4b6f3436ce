"""Alerts of lines whose waits double: raised once, closed once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import pytest

from brt_watch import pipeline
from brt_watch.capture.alerts import Webhook
from brt_watch.resources import Resources
from brt_watch.service.status import report
from brt_watch.store.database import Store
from brt_watch.transform.line_alerts import LineAlerts
from brt_watch.transform.runner import Derived
from brt_watch.web.control import WaitAlert, wait_alerts

NOW = datetime(2026, 11, 25, 13, 0, tzinfo=timezone.utc)
HEAD = "linha,sentido,momento,espera_segundos,espera_usual_segundos,flag_do_plano,flag_dobrada,flag_de_volta\n"


def row(seconds: int, line: str = "22", at: datetime = NOW, true: str = "t") -> str:
    flags = [true if holds else "f" for holds in (True, seconds >= 600, seconds < 450)]
    return f"{line},ida,{at:%Y-%m-%d %H:%M:%S}+00,{seconds},300,{','.join(flags)}\n"


def said(alerts: LineAlerts, *rows: str, now: datetime = NOW) -> list[tuple[str, str]]:
    found = alerts.update(lambda query: (HEAD + "".join(rows)).encode(), now)
    assert {alert.code for alert in found} <= {"waits_doubled"}
    return [(alert.event, alert.subject) for alert in found]


@pytest.mark.parametrize("true", ["t", "true"])
def test_doubled_waits_are_raised_once_and_closed_once(tmp_path: Path, true: str) -> None:
    """Between twice and one and a half times the usual wait an alert stays as it is; each run is a new process."""
    runs = [(400, []), (600, ["raised"]), (900, []), (500, []), (650, []), (449, ["closed"]), (500, []), (300, [])]
    for seconds, expected in runs:
        found = said(LineAlerts(tmp_path), row(seconds, true=true))
        assert found == [(event, "22 ida") for event in expected], seconds


def test_an_alert_says_the_waits_and_since_when(tmp_path: Path) -> None:
    alerts = LineAlerts(tmp_path)
    (raised,) = alerts.update(lambda query: (HEAD + row(900)).encode(), NOW)
    later = NOW + timedelta(minutes=26)
    (closed,) = alerts.update(lambda query: (HEAD + row(300, at=later)).encode(), later)
    assert raised.text == (
        "waits_doubled 22 ida raised (since 2026-11-25 13:00:00 UTC): "
        "passengers waited 15.0 min on average in the last hour; planned: 5.0 min"
    )
    assert (closed.event, closed.since) == ("closed", NOW)


def test_status_and_board_name_the_open_alerts(resources: Resources) -> None:
    """They concern the bus service and are not among the problems of the program."""
    alerts = LineAlerts(resources.settings.folder)
    alerts.update(lambda query: (HEAD + row(900)).encode(), NOW)
    detail = "passengers waited 15.0 min on average in the last hour; planned: 5.0 min"
    found = report(resources).as_dict()
    assert found["line_alerts"] == [{"subject": "22 ida", "since": "2026-11-25T13:00:00.000000Z", "detail": detail}]
    assert detail not in str(found["problems"])
    assert wait_alerts(resources.settings.folder) == [WaitAlert("22", "ida", NOW, 900.0, 300.0, True)]
    alerts.update(lambda query: (HEAD + row(300)).encode(), NOW)
    assert report(resources).line_alerts == []


def test_a_line_that_ends_its_service_closes_its_alert(tmp_path: Path) -> None:
    alerts = LineAlerts(tmp_path)
    assert said(alerts, row(900), row(300, "35")) == [("raised", "22 ida")]
    assert said(alerts, row(300, "35")) == [("closed", "22 ida")]
    assert said(alerts, row(300, "35")) == []


def test_waits_of_the_past_wake_nobody(tmp_path: Path) -> None:
    """An import or a rebuild derives old days; without rows nothing is known."""
    assert said(LineAlerts(tmp_path), row(900), now=NOW + timedelta(minutes=61)) == []
    assert said(LineAlerts(tmp_path)) == []
    assert said(LineAlerts(tmp_path), row(900)) == [("raised", "22 ida")]


def test_a_memory_that_cannot_be_read_begins_again(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "line-alerts.json").write_text("{")
    assert said(LineAlerts(tmp_path), row(900)) == [("raised", "22 ida")]


@pytest.mark.parametrize(("arguments", "sent"), [((), 1), (("--full-refresh",), 1), (("--select", "viagens"), 0)])
def test_a_whole_transform_sends_them(
    resources: Resources, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sent: int
) -> None:
    """One of some models only may have left the waits as they were."""
    posted = mock.create_autospec(Webhook, instance=True)
    store = mock.create_autospec(Store, instance=True)
    store.csv_of.return_value = (HEAD + row(900, at=resources.clock.now())).encode()
    monkeypatch.setattr(Resources, "models", store)
    monkeypatch.setattr(
        pipeline.dbt, "build", mock.create_autospec(pipeline.dbt.build, return_value=Derived(1, 1, 0.1))
    )
    monkeypatch.setattr(pipeline, "train", mock.create_autospec(pipeline.train))
    pipeline.transform(replace(resources, webhook=posted), *arguments)
    assert [alert.subject for call in posted.send.call_args_list for alert in call.args[0]] == ["22 ida"] * sent
