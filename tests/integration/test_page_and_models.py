"""The page and the marts agree: one dbt project, on DuckDB and on Postgres, from the bytes of the API's answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from brt_watch import pipeline
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ticks import next_ticks
from brt_watch.clock import StillClock
from brt_watch.resources import Resources
from brt_watch.web.app import create_app
from brt_watch.web.live_models import LiveModels
from tests.ask_web import ask
from tests.integration.captured import query
from tests.integration.filled import Filled
from tests.integration.simulated import OF_A_WINDOW, as_of
from tests.made_vehicles import body, vehicle

OF_THE_RUN = {"load_id", "derived_by"}
"""Columns that name the run that wrote a row and describe nothing of the bus."""


def load_and_transform(resources: Resources, *arguments: str) -> None:
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)
    pipeline.transform(resources, *arguments)


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in row.items()
        if name not in OF_THE_RUN
    }


@pytest.mark.with_models
def test_a_recording_gives_the_same_rows_live_and_in_postgres(
    resources: Resources, derived_morning: Filled, tmp_path: Path
) -> None:
    """A simulated peak, taken by the live engine thirteen polls at a time, then loaded and derived by dbt."""
    live = LiveModels(CaptureFiles(tmp_path / "live", str(resources.settings.feed_url)), tmp_path / "live")
    for polls in as_of(derived_morning.folder, tmp_path / "live"):
        live.take()
        if polls == OF_A_WINDOW:
            live.take_apart()
    for model in ("viagens", "passagens"):
        ours, expected = (
            sorted((comparable(row) for row in rows), key=str)
            for rows in (live.dicts(f"select * from public.{model}"), query(resources, f"select * from {model}"))
        )
        assert len(expected) > 200
        assert ours == expected, model
    mart = {(row["id_veiculo"], row["timestamp_gps"]): row for row in query(resources, "select * from gps_brt")}
    derived = {(row["id_veiculo"], row["timestamp_gps"]): row for row in live.dicts("select * from public.gps_brt")}
    assert len(mart) > 9_000
    assert sum(row["flag_sentido_corrigido"] for row in mart.values()) > 300
    different = {
        key: {name: (value, comparable(derived[key])[name]) for name, value in comparable(row).items()
              if value != comparable(derived[key])[name]}
        for key, row in mart.items()
        if comparable(row) != comparable(derived[key])
    }  # fmt: skip
    assert len(different) == 0, (len(different), list(different.items())[:3])
    # JSON would have them as texts.
    exact = "select table_name, column_name from information_schema.columns where data_type like 'DECIMAL%'"
    assert live.dicts(exact) == []


@pytest.mark.with_network
def test_labels_read_the_same_live_and_in_the_history(
    loaded_resources: Callable[..., Resources], clock: StillClock
) -> None:
    """Blanks in the line's label are stripped, and a label of the days when its directions were swapped is turned."""
    clock.time = datetime(2023, 6, 5, 12, 0, tzinfo=timezone.utc)
    resources = loaded_resources()
    for tick in islice(next_ticks(resources), 40):
        at = clock.now()
        resources.client.script.append(  # type: ignore[attr-defined]
            body(
                vehicle("901001", at, linha="3 5", sentido="ida"),
                vehicle("901002", at, linha="17", sentido="ida"),
                vehicle("901003", at, linha="0", sentido=""),
            )
        )
        pipeline.capture(tick, resources)
    app = create_app(resources)
    app.state.deps.live.look()
    before = ask(app, "/api/v1/history").json()["sinais"]
    page = {each["codigo"]: each for each in ask(app, "/api/v1/vehicles?format=json").json()["veiculos"]}
    assert {each["codigo"]: (each["linha"], each["sentido"]) for each in before} == {
        "901001": ("35", "ida"),
        "901002": ("17", "volta"),
        "901003": (None, None),
    }
    assert {name: (each["linha"], each["sentido"]) for name, each in page.items() if name in ("901001", "901002")} == {
        "901001": ("35", "ida"),
        "901002": ("17", "volta"),
    }
    load_and_transform(resources, "--select", "+gps_brt")
    app = create_app(resources)
    app.state.deps.live.look()
    assert ask(app, "/api/v1/history").json()["sinais"] == before
    app.state.deps.history.reader.close()
