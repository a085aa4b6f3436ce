"""What a transform on the lake publishes of tables that have no days."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from brt_watch.archive.lake_marts import SCHEMA, Marts, empty_session
from brt_watch.archive.lake_models import LakeModels
from brt_watch.errors import LakeUnreadable
from brt_watch.resources import Resources
from brt_watch.web.lake_reader import LakeReader
from brt_watch.web.reader import signal_values
from tests.made_vehicles import NOON


def test_a_table_without_days_is_published_as_the_run_left_it(tmp_path: Path) -> None:
    """Forecasts and trained times are made again by each run; only the tables of the network are not."""
    marts = Marts(tmp_path / "modelos")
    with duckdb.connect() as models:
        models.execute(f"create schema if not exists {SCHEMA}")
        models.execute(f"create table {SCHEMA}.int_viagens__dias (dia_operacao date)")
        for run in (1, 2):
            for name in ("previsoes", "tempos_trecho", "int_rede__plano"):
                models.execute(f"create or replace table {SCHEMA}.{name} as select {run} as rodada")
            marts.publish(models, run, everything=run == 1)
        found = {
            name: models.execute(f"from read_parquet('{marts.folder}/{name}/*.parquet')").fetchall()[0][0]
            for name in ("previsoes", "tempos_trecho", "int_rede__plano")
        }
    assert found == {"previsoes": 2, "tempos_trecho": 2, "int_rede__plano": 1}


def test_signals_of_an_older_release_are_not_said_to_be_none(resources: Resources) -> None:
    """Until the next transform the lake has their rows, and not the view that the page reads."""
    reader = LakeReader(resources.lake, resources.files)
    asked = signal_values(NOON, NOON + timedelta(hours=1), None, None)
    assert reader.signals(asked) == []
    marts = LakeModels(resources.lake).marts
    with empty_session() as models:
        models.execute("create table gps_brt as select timestamptz '2026-11-23 12:00:00Z' as timestamp_gps")
        marts.publish(models, 0, everything=True)
    with pytest.raises(LakeUnreadable, match="the next transform renews"):
        reader.signals(asked)
