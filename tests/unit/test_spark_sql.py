"""What Spark spells in its own way; that the rows are equal is tested with Spark itself (integration/test_spark.py)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brt_watch.transform.compiled import compiled
from brt_watch.transform.spark_sql import steps, to_spark


@pytest.mark.parametrize(
    ("duckdb", "spark"),
    [
        ("a from x.y.t", "a FROM t"),
        ("extract(epoch from (a - b))", "((UNIX_MICROS(a) - UNIX_MICROS(b)) / 1e6)"),
        ("extract(epoch from a)", "(UNIX_MICROS(a) / 1e6)"),
        ("epoch_us(a at time zone 'UTC')", "UNIX_MICROS(CONVERT_TIMEZONE('UTC', 'UTC', CAST(a AS TIMESTAMP_NTZ)))"),
        ("extract(dow from a)", "(DAYOFWEEK(a) - 1)"),
        ("extract(hour from a)", "EXTRACT(HOUR FROM a)"),
        ("to_timestamp(a)", "TIMESTAMP_MICROS(CAST(ROUND((a) * 1e6) AS BIGINT))"),
        ("a at time zone 'X'", "CONVERT_TIMEZONE('UTC', 'X', CAST(a AS TIMESTAMP_NTZ))"),
        (
            "(cast(a as timestamp) + interval '3 hours') at time zone 'X'",
            "CAST(CONVERT_TIMEZONE('X', 'UTC', CAST(a AS TIMESTAMP_NTZ) + INTERVAL '3' HOURS) AS TIMESTAMP)",
        ),
        ("percentile_cont(0.5) within group (order by a)", "PERCENTILE(a, 0.5D)"),
        (
            "n from t cross join lateral generate_series(t.a / 60.0, 9) as u (n)",
            "n FROM t CROSS JOIN LATERAL EXPLODE(IF(t.a / 60.0D <= 9, SEQUENCE(t.a / 60.0D, 9), ARRAY())) AS u(n)",
        ),
        (
            "lead(a) over w - a from t window w as (partition by b order by c)",
            "LEAD(a) OVER (PARTITION BY b ORDER BY c NULLS LAST) - a FROM t",
        ),
        (
            "1 from (with u as materialized (select 1) select * from u) as v",
            "1 FROM (WITH u AS (SELECT 1) SELECT * FROM u) AS v",
        ),
    ],
)
def test_what_spark_spells_in_its_own_way(duckdb: str, spark: str) -> None:
    assert to_spark(f"select {duckdb}") == f"SELECT {spark}"


def test_ctes_stay_where_they_are() -> None:
    """Two of one name are legal inside one another; in one list they would not be."""
    nested = "with a as (with b as (select 1) select * from b), b as (select 2) select * from a, b"
    assert to_spark(nested).count("WITH") == 2


def test_every_model_can_be_translated(tmp_path: Path) -> None:
    models = compiled(tmp_path).models
    assert len(models) > 40
    left = [model.name for model in models if re.search('"|EPOCH', to_spark(model.sql))]
    assert left == []


def test_ctes_that_read_each_other_often_are_tables() -> None:
    rounds = ", ".join(f"c{n} as (select * from c{n - 1} as a cross join c{n - 1} as b)" for n in range(1, 7))
    made = list(steps("m", f"with c0 as (select * from t), {rounds} select * from c6"))
    assert [name for name, _ in made] == ["m__c0", "m__c3", "m"]
    assert "c3 AS (SELECT * FROM m__c3)" in made[-1][1]
    assert "m__c0" in made[1][1]


def test_no_statement_grows_with_its_rounds(tmp_path: Path) -> None:
    """Spark writes a CTE out wherever it is read, and planning three rounds of choices did not end."""
    models = {model.name: model.sql for model in compiled(tmp_path).models}
    assert len(list(steps("int_viagens__escolhidas", models["int_viagens__escolhidas"]))) > 1
    assert len(list(steps("gps_brt", models["gps_brt"]))) == 1
