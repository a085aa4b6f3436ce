from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from brt_watch.capture.alerts import Webhook
from brt_watch.capture.contract import Alert, Watch, watch
from brt_watch.feeds.brt import parse
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from tests.conftest import make_settings
from tests.made_vehicles import NOON, body, recorded_minutes, vehicle

STEP = timedelta(seconds=20)

MINUTE = timedelta(minutes=1)
DAY = 24 * 60
"""The polls of a day, one a minute."""


class Feed:
    """A feed of 40 vehicles, poll by poll, and the alerts of the watch."""

    def __init__(self, step: timedelta = STEP) -> None:
        self.step = step
        self.memory = Watch()
        self.tick = NOON
        self.said: list[tuple[str, str, str]] = []

    def poll(self, times: int = 1, vehicles: int = 40, shift: timedelta = timedelta(), **changes: Any) -> Feed:
        for _ in range(times):
            at = self.tick + shift
            self._see(body(*(vehicle(str(number), at, **changes) for number in range(vehicles))))
        return self

    def with_header(self, times: int, stopped: bool) -> Feed:
        stopped_at = self.tick
        for _ in range(times):
            parsed = parse(body(*(vehicle(str(number), self.tick) for number in range(40))))
            made_at = stopped_at if stopped else self.tick
            good = Poll(self.tick, Status.OK, captured_at=self.tick + timedelta(seconds=1))
            self._step(good, replace(parsed, made_at_ms=int(made_at.timestamp() * 1000)))
        return self

    def frozen(self, times: int) -> Feed:
        answer = body(*(vehicle(str(number), self.tick) for number in range(40)))
        for _ in range(times):
            self._see(answer)
        return self

    def fails(self, times: int) -> Feed:
        for _ in range(times):
            self._step(Poll(self.tick, Status.FAILED, "unreachable", "no route"), None)
        return self

    def _see(self, answer: bytes) -> None:
        parsed = parse(answer)
        self._step(Poll(self.tick, Status.OK, captured_at=self.tick + timedelta(seconds=1)), parsed)

    def _step(self, poll: Poll, parsed: Any) -> None:
        self.memory, alerts = watch(self.memory, poll, parsed)
        self.said += [(alert.event, alert.code, alert.subject) for alert in alerts]
        self.tick += self.step


def once(code: str, subject: str = "") -> list[tuple[str, str, str]]:
    """A trouble that was raised once and closed once."""
    return [("raised", code, subject), ("closed", code, subject)]


def test_a_header_whose_time_stops_is_raised_once_and_closed_once() -> None:
    assert Feed().with_header(20, stopped=False).said == []
    assert Feed().with_header(3, stopped=False).with_header(100, stopped=True).with_header(3, stopped=False).said == (
        once("header_frozen")
    )


def test_a_feed_as_it_should_be_says_nothing() -> None:
    assert Feed().poll(500).said == []


def test_the_oddities_of_daily_life_say_nothing() -> None:
    memory = Watch()
    for at, answer in recorded_minutes(minutes=10):
        memory, alerts = watch(memory, Poll(at, Status.OK, captured_at=at), parse(answer))
        assert alerts == []


def test_a_new_field_is_raised_once_and_closed_once() -> None:
    assert Feed().poll(5).poll(50, capacidade=0).poll(5).said == once("field_appeared", "capacidade")


def test_a_field_that_is_gone_is_raised_once_and_closed_once() -> None:
    assert Feed().poll(5).poll(50, ignicao=...).poll(5).said == once("field_disappeared", "ignicao")


def test_a_field_of_another_type_is_raised_once_and_closed_once() -> None:
    assert Feed().poll(5).poll(50, velocidade="12,8").poll(5).said == once("field_changed_type", "velocidade")


@pytest.mark.parametrize("changes", [{"velocidade": 17}, {"direcao": " "}, {"ignicao": None}])
def test_whole_numbers_blanks_and_nulls_are_no_other_type(changes: dict[str, Any]) -> None:
    assert Feed().poll(5).poll(5, **changes).poll(5).said == []


def test_a_clock_three_hours_off_is_raised_within_one_tick() -> None:
    feed = Feed().poll(5).poll(1, shift=-timedelta(hours=3))
    assert feed.said == [("raised", "stamps_jumped", "")]
    assert feed.poll(50, shift=-timedelta(hours=3)).poll(5).said == once("stamps_jumped")


def test_seconds_instead_of_milliseconds_are_raised() -> None:
    seconds = int(NOON.timestamp())
    assert ("raised", "stamps_jumped", "") in Feed().poll(5).poll(1, dataHora=seconds).said


def test_a_frozen_feed_is_raised_once_and_closed_once() -> None:
    assert Feed().poll(5).frozen(100).poll(5).said == once("frozen")


def test_a_shrunken_fleet_is_raised_once_and_closed_once() -> None:
    assert Feed().poll(5).poll(50, vehicles=19).poll(5).said == once("fleet_shrank")


def test_a_slowly_shrinking_fleet_raises_no_alert() -> None:
    feed = Feed()
    for vehicles in range(40, 10, -1):
        feed.poll(3, vehicles=vehicles)
    assert feed.said == []


def test_mostly_rejected_records_raise_an_alert() -> None:
    assert ("raised", "rejected", "") in Feed().poll(5).poll(5, latitude="-22,9").said


def test_silence_alert_opens_at_5_min_and_closes_on_a_good_poll() -> None:
    assert Feed().poll(5).fails(15).poll(1).said == []
    assert Feed().poll(5).fails(200).poll(5).said == once("silent")


def test_silence_from_the_very_beginning_is_raised_too() -> None:
    assert Feed().fails(20).said == [("raised", "silent", "")]


def test_failed_polls_leave_other_troubles_open() -> None:
    assert Feed().poll(5).poll(5, novo=1).fails(5).poll(5, novo=1).said == [("raised", "field_appeared", "novo")]


def test_what_lasts_for_a_day_is_the_new_normal() -> None:
    feed = Feed(MINUTE).poll(5).poll(DAY + 10, novo=1)
    assert feed.said == once("field_appeared", "novo")
    assert feed.poll(1).said[-1] == ("raised", "field_disappeared", "novo")


def test_a_fleet_that_is_small_for_a_day_is_the_new_normal() -> None:
    assert Feed(MINUTE).poll(5).poll(DAY + 10, vehicles=19).said == once("fleet_shrank")


def test_a_silence_is_never_normal_however_long_it_lasts() -> None:
    feed = Feed(MINUTE).poll(10).fails(2 * DAY)
    assert feed.said == [("raised", "silent", "")]
    assert feed.poll(1).said == once("silent")


def test_a_frozen_feed_is_never_normal_however_long_it_lasts() -> None:
    feed = Feed(MINUTE).poll(5).frozen(2 * DAY)
    assert feed.said == [("raised", "frozen", "")]
    assert feed.poll(1).said == once("frozen")


def test_rejected_records_never_become_normal() -> None:
    feed = Feed(MINUTE).poll(5, vehicles=2)
    for _ in range(2 * DAY):
        feed._see(body(vehicle(latitude="-22,9")))
    assert [said for said in feed.said if said[1] == "rejected"] == [("raised", "rejected", "")]


def test_a_disk_that_is_full_for_a_day_is_raised_once() -> None:
    feed = Feed(MINUTE)
    for _ in range(2 * DAY):
        feed._step(Poll(feed.tick, Status.FAILED, "disk_full", "no room"), None)
    assert feed.said == [("raised", "disk_full", ""), ("raised", "silent", "")]


ALERT = Alert("raised", "frozen", "", "no vehicle has a new stamp", NOON)


@pytest.mark.parametrize(
    ("host", "expected"), [("discord.com", ["content"]), ("hooks.slack.com", ["text"]), ("example.org", None)]
)
def test_a_webhook_gets_the_form_that_its_host_wants(host: str, expected: list[str] | None) -> None:
    message = Webhook(f"https://{host}/x", lambda: "rio")._message(ALERT)
    assert "frozen raised (since 2026-11-23 12:00:00 UTC)" in str(message)
    assert expected is None or list(message) == expected


def test_a_webhook_is_posted_to(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/hook", method="POST").respond_with_data(b"")
    Webhook(httpserver.url_for("/hook"), lambda: "rio").send([ALERT])
    ((request, _),) = httpserver.log
    assert json.loads(request.data)["code"] == "frozen"


def test_alert_names_its_capturer(httpserver: HTTPServer, tmp_path: Path) -> None:
    """Several capturers can share a webhook."""
    httpserver.expect_request("/hook", method="POST").respond_with_data(b"")
    url, senders = SecretStr(httpserver.url_for("/hook")), []
    for machine in ("here", "there"):
        resources = Resources.from_settings(make_settings(tmp_path / machine / "data", alert_webhook=url))
        assert not resources.files.data.exists(), "who reads only writes nothing"
        resources.webhook.send([ALERT])
        told = json.loads(httpserver.log[-1][0].data)
        assert told["sender"] == f"{resources.files.capturer}, data"
        assert told["text"].startswith(f"brt-watch ({told['sender']}): frozen raised")
        senders.append(told["sender"])
    assert senders[0] != senders[1]


def test_unreachable_webhook_stops_nothing_and_stays_secret(capsys: pytest.CaptureFixture[str]) -> None:
    Webhook("http://127.0.0.1:9/geheim", lambda: "rio").send([ALERT])
    printed = capsys.readouterr().out
    assert "alert.not_sent" in printed
    assert "geheim" not in printed


def test_a_feed_without_a_good_record_is_silent_in_the_end() -> None:
    """Answers whose records all break a rule raise `rejected`, and after five minutes `silent`."""
    memory = Watch()
    said = []
    for number in range(40):
        tick = NOON + number * STEP
        answer = body(*(vehicle(str(code), tick) for code in range(40)))
        status = Status.OK
        if number >= 10:
            answer, status = answer.replace(b'"latitude":', b'"latitude":"","lat":'), Status.FAILED
        memory, alerts = watch(memory, Poll(tick, status, captured_at=tick), parse(answer))
        said += [(number, alert.code, alert.subject) for alert in alerts]
    assert said == [
        (10, "fleet_shrank", ""),
        (10, "rejected", ""),
        (10, "field_changed_type", "latitude"),
        (10, "field_appeared", "lat"),
        (25, "silent", ""),
    ]
