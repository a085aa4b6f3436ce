"""Recovered records go through the same load as captured ones, and remain distinguishable."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from brt_watch import pipeline
from brt_watch.archive.rebuild import rebuild, windows_to_rebuild
from brt_watch.archive.verify import verify
from brt_watch.capture.recovery import recovery_of
from brt_watch.clock import MINUTE, StillClock
from brt_watch.errors import FeedFailed
from tests.fleet import NOON, body, vehicle
from tests.integration.captured import capture, one, query
from tests.its import ItsDouble, position

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
    (other,) = query(resources, "select codigo, record ->> 'latitude' as latitude from brt_disagreement")
    assert other == {"codigo": "901008", "latitude": "-22.9"}
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
