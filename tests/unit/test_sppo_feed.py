"""The answers of the city's other buses: everything text, decimal commas, and stamps that are three hours off."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brt_watch import pipeline
from brt_watch.capture.fetch import Client
from brt_watch.capture.window import CSV, read_ledger
from brt_watch.clock import Clock, StillClock
from brt_watch.errors import NotTheContract
from brt_watch.feeds import feed_named
from brt_watch.feeds.sppo import parameters
from brt_watch.model import Parsed
from brt_watch.resources import Resources
from tests.made_vehicles import NOON
from tests.sppo import PATHS, Sent, SppoDouble

CONECTA, ZIRIX = feed_named("sppo_conecta"), feed_named("sppo_zirix")


def bus(**changes: Any) -> dict[str, Any]:
    found = {
        "ordem": "B31039",
        "latitude": "-22,87645",
        "longitude": "-43,25731",
        "datahora": str(int(NOON.timestamp() * 1000)),
        "velocidade": "25",
        "linha": "422",
        "datahoraenvio": str(int(NOON.timestamp() * 1000) + 5000),
        "datahoraservidor": str(int(NOON.timestamp() * 1000) + 8000),
    }
    return {**found, **changes}


def read(*buses: Any, feed: Any = ZIRIX) -> Parsed:
    return feed.read(json.dumps(list(buses)).encode())  # type: ignore[no-any-return]


def test_texts_with_decimal_commas_become_numbers() -> None:
    (record,) = read(bus(velocidade="25,5")).records
    assert (record.vehicle, record.stamp_ms) == ("B31039", int(NOON.timestamp() * 1000))
    assert (record.latitude, record.longitude, record.velocidade) == (-22.87645, -43.25731, 25.5)  # type: ignore[attr-defined]
    assert json.loads(record.extra).keys() == {"datahoraenvio", "datahoraservidor"}  # type: ignore[attr-defined]


def test_the_stamps_of_conecta_say_z_and_are_local() -> None:
    local = f"{NOON - timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
    (conecta,) = read(bus(datahora=local), feed=CONECTA).records
    (zirix,) = read(bus(datahora=f"{NOON:%Y-%m-%dT%H:%M:%SZ}")).records
    (offset,) = read(bus(datahora=f"{NOON - timedelta(hours=3):%Y-%m-%dT%H:%M:%S-03:00}"), feed=CONECTA).records
    assert {each.stamp_ms for each in (conecta, zirix, offset)} == {int(NOON.timestamp() * 1000)}


def test_an_entry_that_breaks_a_rule_costs_itself() -> None:
    parsed = read(bus(), bus(latitude="x"), bus(datahora="ontem"), bus(ordem=""), 7, bus(velocidade="muito"))
    assert len(parsed.records) == 2
    reasons = ["position_missing", "datahora_missing", "codigo_missing", "not_an_object"]
    assert [reject.reason for reject in parsed.rejects] == reasons
    body = b"[" + json.dumps(bus()).encode() + b', {"ordem": NaN}]'
    assert [reject.reason for reject in ZIRIX.read(body).rejects] == ["not_readable"]


def test_a_value_that_is_no_longer_text_is_a_changed_field() -> None:
    assert read(bus(rota=None)).fields["velocidade"] == ["text"]
    changed = read(bus(), bus(velocidade=25))
    assert (changed.fields["velocidade"], len(changed.records)) == (["number", "text"], 2)


def test_a_request_goes_back_behind_the_last_good_poll() -> None:
    assert parameters(NOON, NOON - timedelta(seconds=20)) == {
        "dataInicial": "2026-11-23 08:58:40",
        "dataFinal": "2026-11-23 09:00:00",
    }
    assert parameters(NOON, NOON - timedelta(hours=5))["dataInicial"] == "2026-11-23 08:50:00"
    assert parameters(NOON, None)["dataInicial"] == "2026-11-23 08:59:00"


@pytest.mark.parametrize("body", [b"[]", b"<html>", b"{}", b"", b'{"veiculos": []}', b"[{]"])
def test_what_is_no_list_of_vehicles_says_why(body: bytes) -> None:
    with pytest.raises(NotTheContract):
        ZIRIX.read(body)


# -- the services, as a double that refuses what it does not know -----------------------------------------------------


def driven(minutes: int) -> list[Sent]:
    """Return the signals of three buses every half minute; of one they reach the server half an hour late."""
    delays = {"A1": timedelta(seconds=8), "B2": timedelta(seconds=22), "C3": timedelta(seconds=1736)}
    moments = [NOON + n * timedelta(seconds=30) for n in range(2 * minutes)]
    return [Sent(bus, at, at + delay) for at in moments for bus, delay in delays.items()]


@pytest.mark.parametrize("service", ["conecta", "zirix"])
@pytest.mark.parametrize("outage", [range(40, 54), range(34, 49)])
def test_no_signal_is_lost_over_an_outage(
    make_resources: Callable[..., Resources], clock: StillClock, service: str, outage: range
) -> None:
    """Spans are by the server's time: late signals come too, each with the moment at which it was sent.

    One outage begins in one window and ends in the next.
    """
    resources = make_resources(feed=f"sppo_{service}")
    resources.files.feed = feed_named(f"sppo_{service}")
    double = SppoDouble(clock, service, driven(30))
    resources = replace(resources, client=double)  # type: ignore[arg-type]
    ticks = [NOON + n * resources.step for n in range(1, 90)]
    for number, tick in enumerate(ticks):
        double.moods = ["503"] if number in outage else []
        pipeline.capture(tick, resources)
    assert double.refused == []
    windows = list(resources.files.newest_first())
    assert len(windows) > 1
    found = set()
    for window in windows:
        with (window / CSV).open(encoding="utf-8") as lines:
            found |= {(row["codigo"], int(row["dataHora"])) for row in csv.DictReader(lines)}
    there = {(each.ordem, int(each.at.timestamp() * 1000)) for each in double.signals if each.server_at <= ticks[-1]}
    assert found == there
    polls = [line.poll for window in windows for line in read_ledger(window)]
    assert {poll.reason for poll in polls} == {"", "http_503"}


def test_a_busy_service_is_asked_again_after_the_time_it_names() -> None:
    double = SppoDouble(Clock(), "conecta", [Sent("A1", datetime.now(timezone.utc), datetime.now(timezone.utc))])
    double.moods = ["429"]
    with double.serving() as url:
        client = Client(url, double.clock, 1 << 20, CONECTA.accept)
        now = client.clock.now()
        answer = client.fetch(now + timedelta(seconds=60), parameters(now + timedelta(seconds=5), None))
    assert len(CONECTA.read(answer.body).records) == 2
    first, second = double.requests
    assert second - first >= timedelta(seconds=1)
    assert double.refused == []


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/gps/sppo", {"dataInicial": "2026-11-23 09:00:00", "dataFinal": "2026-11-23 09:01:00"}, 404),
        (PATHS["zirix"], {"dataInicial": "2026-11-23 09:00:00"}, 400),
        (PATHS["zirix"], {"dataInicial": "2026-11-23T09:00:00Z", "dataFinal": "2026-11-23 09:01:00"}, 400),
        (PATHS["zirix"], {"dataInicial": "2026-11-23 09:01:00", "dataFinal": "2026-11-23 09:00:00"}, 400),
    ],
)
def test_the_double_refuses_what_it_does_not_know(path: str, query: dict[str, str], status: int) -> None:
    double = SppoDouble(StillClock(NOON), "zirix", [])
    assert double.answer(path, query)[0] == status
    good = parameters(NOON, None)
    assert [double.answer(PATHS["zirix"], good)[0] for _ in range(5)] == [200, 200, 200, 200, 429]


@given(st.binary() | st.binary(max_size=20).map(lambda tail: json.dumps([bus()]).encode() + tail))
def test_any_bytes_give_a_result_or_a_reason(body: bytes) -> None:
    for feed in (CONECTA, ZIRIX):
        with suppress(NotTheContract):
            feed.read(body)
