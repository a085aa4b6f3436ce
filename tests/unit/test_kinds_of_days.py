"""The kind of a day has one home in the models, for the usual times and for the plan."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import duckdb
from jinja2 import Environment

from brt_watch.simulate.holidays import Kind, kind_of
from brt_watch.transform.compiled import DBT_PROJECT, project_vars

NAMES = {Kind.WEEKDAY: "útil", Kind.SATURDAY: "sábado", Kind.SUNDAY: "domingo"}


def kinds(values: Mapping[str, Any]) -> dict[datetime.date, str]:
    """Return the kinds of all days of 2021 to 2035 by the macro, with these variables."""
    text = (DBT_PROJECT / "macros" / "kind_of_day.sql").read_text(encoding="utf-8")
    dbt = {"var": values.__getitem__, "modules": SimpleNamespace(datetime=datetime)}
    macro = Environment(extensions=["jinja2.ext.do"]).from_string(text, globals=dbt).make_module().kind_of_day
    with duckdb.connect() as engine:
        engine.execute(
            "create table days as select unnest(range(date '2021-01-01', date '2036-01-01', interval 1 day)) as day"
        )
        return {day.date(): kind for day, kind in engine.execute(f"select day, {macro('day')} from days").fetchall()}


def test_a_holiday_counts_as_a_sunday() -> None:
    """As in the simulated city, whose Easter is computed apart."""
    found = kinds(project_vars())
    assert len(found) == 5478
    assert {day: kind for day, kind in found.items() if NAMES[kind_of(day)] != kind} == {}


def test_another_city_has_no_holiday_of_rio() -> None:
    found = kinds({"feriados": [], "feriados_da_pascoa": []})
    assert found[datetime.date(2025, 6, 19)] == "útil"
    assert found[datetime.date(2025, 6, 21)] == "sábado"
