"""The coverage of days: from the mart, and by the polls where it lacks some."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from brt_watch.capture.files import CaptureFiles
from brt_watch.clock import UTC
from brt_watch.feeds.brt import ZONE
from brt_watch.web.history import History
from brt_watch.web.history_schemas import Day
from brt_watch.web.new_polls import WaitingWindows
from brt_watch.web.reader import with_literals

MIDNIGHT = datetime(2026, 11, 23, 3, tzinfo=UTC)
"""In the city."""

DAY = timedelta(days=1)
DERIVED = [
    {"dia": "2026-11-22", "boas": 3, "previstas": 3, "minutos": 1437},
    {"dia": "2026-11-22", "boas": 1, "previstas": 3, "minutos": 2},
    {"dia": "2026-11-22", "boas": 0, "previstas": 3, "minutos": 1},
    {"dia": "2026-11-23", "boas": 3, "previstas": 3, "minutos": 60},
]


class Rows:
    """Rows by the name of a statement."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def rows(self, statement: str, **_: object) -> list[dict[str, Any]]:
        return self._rows.get(statement, [])


def polls(*outcomes: str) -> list[dict[str, Any]]:
    return [
        {"tick": MIDNIGHT + n * timedelta(seconds=20), "status": status, "records": 0, "median_age_seconds": None}
        for n, status in enumerate(outcomes)
    ]


@pytest.mark.parametrize(
    ("not_derived", "second"),
    [
        (None, Day("2026-11-23", 180, 180, 60, 0, 0)),
        (MIDNIGHT + timedelta(seconds=40), Day("2026-11-23", 4, 9, 1, 1, 1)),
    ],
)
def test_days_that_are_not_derived_whole_are_counted_by_polls(
    tmp_path: Path, not_derived: datetime | None, second: Day
) -> None:
    found = polls("ok", "late", "ok", "ok", "failed", "missed", "missed", "missed", "missed")
    reader = Rows(web_days=DERIVED, web_not_derived=[{"desde": not_derived}], web_polls=found)
    waiting = WaitingWindows(CaptureFiles(tmp_path, "http://feed"))
    history = History(reader, waiting, None, ZoneInfo(ZONE))  # type: ignore[arg-type]
    first = Day("2026-11-22", 1437 * 3 + 2, 1440 * 3, 1437, 2, 1)
    assert history.days(MIDNIGHT - DAY, MIDNIGHT + DAY) == [first, second]


def test_minutes_of_a_mart_are_counted_by_the_days_of_the_city() -> None:
    values = {"de": MIDNIGHT - DAY, "ate": MIDNIGHT + DAY, "fuso": ZONE}
    with duckdb.connect() as engine:
        engine.execute(
            "create table cobertura_captura as select * from (values "
            "(timestamptz '2026-11-23 02:59:00Z', 3, 3), ('2026-11-23 02:58:00Z', 3, 3), "
            "('2026-11-23 03:00:00Z', 2, 3), ('2026-11-23 03:01:00Z', 0, 0), ('2026-11-24 03:00:00Z', 3, 3)"
            ") as minutes (minuto, consultas_boas, consultas_previstas)"
        )
        rows = engine.execute(with_literals("web_days", values)).fetchall()
    assert sorted(rows) == [("2026-11-22", 3, 3, 2), ("2026-11-23", 2, 3, 1)]
