"""What a transform on the lake publishes of tables that have no days."""

from __future__ import annotations

from pathlib import Path

import duckdb

from brt_watch.archive.lake_marts import SCHEMA, Marts


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
