"""Recovered records go through the same load as captured ones, and remain distinguishable."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from brt_watch import pipeline
from brt_watch.archive.rebuild import rebuild, windows_to_rebuild
from brt_watch.archive.verify import verify
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ledger import LedgerLine
from brt_watch.capture.poll import store_and_read
from brt_watch.capture.recovery import recovery_of
from brt_watch.capture.window import CSV, REJECTS
from brt_watch.clock import MINUTE, StillClock
from brt_watch.errors import FeedFailed
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from tests.integration.captured import capture, one, query
from tests.its import ItsDouble, position
from tests.made_vehicles import NOON, body, vehicle
from tests.unit.test_recovery import fleet, recovered_minutes, run

POSITION = {"latitude": -23.006784, "longitude": -43.313043, "velocidade": 12.8, "direcao": 90.0}


def service(minute: datetime) -> list[dict[str, Any]]:
    """Forty buses of the service alone, and the one that the capture sees, which in one minute is elsewhere here."""
    others = [position(f"90{n:04}", minute + timedelta(seconds=n + 10)) for n in range(40)]
    seen = position("901008", minute + timedelta(seconds=40), **POSITION)
    if minute == NOON + 8 * MINUTE:
        seen["latitude"] = -22.9
    return [seen, *others]


@pytest.mark.with_network
def test_a_recovered_minute_is_loaded_marked_and_counted_apart(
    loaded_resources: Any, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources = loaded_resources(recover_url="http://127.0.0.1:9/v1/veiculos")
    lost = FeedFailed("unreachable", "no route")
    answers = [lost if (n - 1) // 3 in (4, 8) else body(vehicle(at=NOON + (n // 3) * MINUTE)) for n in range(42)]
    for folder in capture(resources, answers, ticks=42):
        pipeline.load(folder, resources)
    clock.time = NOON + 15 * MINUTE
    double = ItsDouble(clock, service)
    there = replace(recovery_of(resources), client=double)
    monkeypatch.setattr(pipeline, "recovery_of", lambda _: there)
    done = pipeline.recover(resources)
    assert done.minutes == 2
    assert one(resources, "select string_agg(feed, ',' order by load_id) from brt_window") == "brt,its_minutes"
    of_a_lost_tick = (
        "select string_agg(status, ',' order by status) from brt_poll"
        " where tick >= '2026-11-23 12:04Z' and tick < '2026-11-23 12:05Z'"
    )
    assert one(resources, of_a_lost_tick) == "failed,failed,ok,recovered"
    assert one(resources, "select sum(conflicts) from brt_window where feed = 'its_minutes'") == 1
    other = (
        "select codigo, record ->> 'latitude' as latitude, record -> 'extra' ->> 'trip_id' as id from brt_disagreement"
    )
    assert query(resources, other) == [{"codigo": "901008", "latitude": "-22.9", "id": "abc"}]
    with resources.lake.session() as session:
        assert session.execute(other).fetchall() == [("901008", "-22.9", "abc")]
    assert one(resources, "select count(*) from brt_raw where codigo = '901008' and latitude = -22.9") == 0
    assert one(resources, "select count(*) from brt_raw where capturer like 'recovered-%'") == 2 * 40
    pipeline.transform(resources, "--select", "+cobertura_captura")
    coverage = query(
        resources,
        "select consultas_boas, consultas_com_falha, sinais_recuperados, idade_p95_segundos < 60 as of_the_feed"
        " from cobertura_captura"
        " where minuto = '2026-11-23 12:04Z'",
    )
    assert coverage == [{"consultas_boas": 1, "consultas_com_falha": 2, "sinais_recuperados": 40, "of_the_feed": True}]
    assert one(resources, "select count(*) from stg_brt__sinais where origem = 'recuperado'") == 2 * 40
    before = resources.store.checksums()
    for folder in windows_to_rebuild(resources, since=None):
        rebuild(folder, resources, from_raw=True)
    assert resources.store.checksums() == before
    assert verify(resources) == []


@pytest.mark.parametrize("days", [3, pytest.param(7, marks=pytest.mark.deep)])
def test_within_a_day_nearly_all_of_bad_days_is_refilled(
    make_resources: Callable[..., Resources], database: SecretStr, clock: StillClock, days: int
) -> None:
    """Days with an outage of 25 minutes each and single failures, a moody service, and a run every eight hours.

    Of each missed minute the capture of another machine has one of the twenty signals.
    """
    capture = make_resources(database_url=database, recover_url="http://127.0.0.1:9/v1/veiculos", poll_seconds=60)
    chance = random.Random(5)
    its = ItsDouble(clock, fleet)
    # As few as show that a minute is whole.
    its.positions_of = lambda minute: fleet(minute, vehicles=20)
    outages = {
        day * 1440 + hour * 60 + n for day, hour in enumerate((3, 8, 8, 12, 17, 18, 23)[:days]) for n in range(25)
    }
    outages |= {chance.randrange(days * 1440) for _ in range(4 * days)}
    window = capture.files.new_window(NOON + MINUTE)
    sizes = [(window.folder / name).stat().st_size for name in (CSV, REJECTS)]
    within_a_day = 0
    recovered: set[datetime] = set()
    for number in range(0, (days + 1) * 1440, 480):
        statuses = [(n, Status.MISSED if n in outages else Status.OK) for n in range(number, number + 480)]
        window._write_lines([LedgerLine(Poll(NOON + (n + 1) * MINUTE, status), *sizes) for n, status in statuses])
        clock.time = NOON + (number + 481) * MINUTE
        its.moods = [chance.choice([*[""] * 8, "429", "down", "partial", "pending"]) for _ in range(30)]
        run(capture, its, ends_at=clock.now() + 50 * MINUTE)
        new = recovered_minutes(capture).keys() - recovered
        within_a_day += sum(clock.now() - minute < timedelta(days=1) for minute in new)
        recovered |= new
    wanted = {NOON + number * MINUTE for number in outages}
    found = recovered_minutes(capture)
    # A moody service can fail each time that a minute is asked for within three days.
    assert len(found) >= 0.99 * len(wanted)
    assert found == dict.fromkeys(found.keys() & wanted, 1), "none doubled, and no other"
    assert within_a_day >= 0.95 * len(wanted)

    other = CaptureFiles(capture.files.data / "imports" / "other", "other")
    other_window = other.new_window(min(found))
    for minute in sorted(found):
        sent = minute + timedelta(seconds=20 + 3)
        seen = vehicle("900001", sent, latitude=-23.0008, longitude=-43.3643, velocidade=14.6, direcao=203)
        other_window.record(*store_and_read(Poll(sent, Status.OK, captured_at=sent), body(seen), other_window))
    pipeline.load(other.close(other_window), replace(capture, files=other))
    files = recovery_of(capture).files
    for folder in files.closed_windows():
        pipeline.load(folder, replace(capture, files=files))
    n = len(found)
    polls = "select count(*) as polls, count(distinct tick) as minutes, sum(signals) as signals from brt_poll"
    assert query(capture, f"{polls} where status = 'recovered'") == [{"polls": n, "minutes": n, "signals": 19 * n}]
    signals = (
        "select count(*) as signals, count(distinct (codigo, datahora)) as different,"
        " count(*) filter (where capturer like 'recovered-%') as recovered from brt_raw"
    )
    assert query(capture, signals) == [{"signals": 20 * n, "different": 20 * n, "recovered": 19 * n}]
    assert one(capture, "select sum(conflicts) from brt_window") == 0
    with capture.lake.session() as session:
        in_the_lake = session.execute("select count(*), count(distinct (codigo, datahora)) from brt_raw").fetchall()
    assert in_the_lake == [(20 * n, 20 * n)]
