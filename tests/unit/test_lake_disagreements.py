"""Recovered records that contradict a signal of the lake are kept beside it and counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.poll import store_and_read
from brt_watch.capture.recovery import recovery_of
from brt_watch.clock import MINUTE
from brt_watch.feeds import its_minutes
from brt_watch.feeds.brt import FEED as BRT
from brt_watch.model import Poll, Status
from brt_watch.pipeline import load
from brt_watch.resources import Resources
from tests.its import position
from tests.made_vehicles import NOON, body, vehicle

SENT = NOON + timedelta(seconds=20)
"""A vehicle of the capture then sent its signal at noon."""

SAME = {"latitude": -23.006784, "longitude": -43.313043, "velocidade": 12.8, "direcao": 90.0}
"""What the vehicle of the capture says of itself."""


@pytest.fixture
def resources(make_resources: Callable[..., Resources]) -> Resources:
    return make_resources(database_url="none", recover_url="http://127.0.0.1:9/v1/veiculos")


def window(files: CaptureFiles, status: Status, content: bytes) -> Any:
    opened = files.new_window(NOON)
    at = NOON + (MINUTE if status is Status.RECOVERED else 0 * MINUTE)
    opened.record(*store_and_read(Poll(NOON, status, requested_at=at, captured_at=at), content, opened))
    return files.close(opened)


def minute(*positions: dict[str, Any]) -> bytes:
    return its_minutes.join([json.dumps({"minuto_utc": f"{NOON:%Y-%m-%dT%H:%M:%SZ}", "data": positions}).encode()])


def disagreements(resources: Resources) -> list[tuple[str, dict[str, Any]]]:
    with resources.lake.session() as session:
        rows = session.execute("select codigo, record from brt_disagreement order by codigo").fetchall()
    return [(codigo, json.loads(record)) for codigo, record in rows]


def test_what_contradicts_a_signal_is_kept_in_the_lake(resources: Resources) -> None:
    there = recovery_of(resources).files
    there.data.mkdir(parents=True)
    (there.data / "capturer").write_text("recovered-here")
    load(window(resources.files, Status.OK, body(vehicle("1", SENT), vehicle("2", SENT))), resources)
    assert disagreements(resources) == []
    same, other = (position(code, NOON, **SAME) for code in "12")
    recovered = window(there, Status.RECOVERED, minute(same, other | {"latitude": -22.9}, position("3", NOON)))
    manifest = read_manifest(recovered)
    loaded = load(recovered, replace(resources, files=there))
    assert (loaded.signals, loaded.repeats, loaded.conflicts) == (1, 2, 1)
    ((codigo, record),) = disagreements(resources)
    assert (codigo, record["latitude"], record["linha"]) == ("2", -22.9, "22")
    assert record["extra"]["trip_id"] == "abc"
    assert "hodometro" not in record
    with resources.lake.session() as session:
        kept = session.execute("select codigo, latitude from brt_raw where codigo = '2'").fetchall()
    assert kept == [("2", SAME["latitude"])]

    (archived,) = there.archived()
    assert resources.lake.add(archived, manifest).again
    assert resources.lake.add(archived, manifest, instead=True).conflicts == 1
    assert disagreements(resources) == [(codigo, record)]


def test_only_recovered_records_are_disagreements(resources: Resources) -> None:
    """Not those of another machine, whatever the kind of its feed."""
    load(window(resources.files, Status.OK, body(vehicle("1", SENT))), resources)
    other = CaptureFiles(resources.files.data / "imports" / "other", "other", replace(BRT, name="gtfs_rt"))
    load(window(other, Status.OK, body(vehicle("1", SENT, latitude=-22.9))), replace(resources, files=other))
    assert disagreements(resources) == []
