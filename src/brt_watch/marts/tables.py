"""The marts of the API, with the columns and descriptions that dbt documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from brt_watch.transform.runner import DBT_PROJECT

INTERNAL = "derived_by"
"""A column that only the models themselves need."""

RENAMED = {"id_veiculo": "codigo"}
"""Columns that answers name as the city's API does."""


@dataclass(frozen=True)
class Column:
    """A column of a mart, under the name that answers give it."""

    name: str
    source: str
    type: str
    description: str


@dataclass(frozen=True)
class Mart:
    """A mart: what selects rows of a period, and in which order they come.

    `moment` is the column with the moment of a row; a mart without one has the service day, and the hour of operation
    where it is of hours.
    `filters` are conditions by the name of their value.
    """

    model: str
    moment: str | None
    order: tuple[str, ...]
    filters: dict[str, str]

    @cached_property
    def columns(self) -> list[Column]:
        """The columns, as dbt documents them."""
        return list(_columns(self._documented))

    @property
    def is_of_hours(self) -> bool:
        """Whether a row is of an hour of operation."""
        return "hora_operacao" in self.order

    @property
    def description(self) -> str:
        """What one row is."""
        return str(self._documented["description"])

    @cached_property
    def _documented(self) -> dict[str, Any]:
        path = DBT_PROJECT / "models" / "marts" / f"_{self.model}.yml"
        models = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
        (found,) = (each for each in models if each["name"] == self.model)
        assert isinstance(found, dict)
        return found


def _columns(documented: dict[str, Any]) -> Iterator[Column]:
    for column in documented["columns"]:
        source = column["name"]
        if source != INTERNAL:
            description = " ".join(column["description"].split())
            yield Column(RENAMED.get(source, source), source, column["data_type"], description)


_LINE = {"linha": "linha = %(linha)s", "sentido": "sentido = %(sentido)s"}
_VEHICLE = {"codigo": "id_veiculo = %(codigo)s"}
_STATION = {"estacao": "estacao_id = %(estacao)s"}
_BY_HOUR = ("dia_operacao", "hora_operacao", "linha", "sentido")

TRIPS = Mart("viagens", "partida", ("partida", "id_viagem"), {**_LINE, **_VEHICLE})
PASSAGES = Mart("passagens", "chegada", ("chegada", "id_viagem", "ordem"), {**_LINE, **_VEHICLE, **_STATION})
HEADWAYS = Mart(
    "intervalos",
    "partida",
    ("partida", "id_viagem", "estacao_id"),
    {**_LINE, **_VEHICLE, **_STATION, "escopo": "escopo = %(escopo)s"},
)
REGULARITY = Mart("regularidade_hora", None, _BY_HOUR, _LINE)
REGULARITY_DAYS = Mart("regularidade_dia", None, ("dia_operacao", "linha", "sentido"), _LINE)
SPEEDS = Mart(
    "velocidade_trecho",
    None,
    (*_BY_HOUR, "ordem"),
    {**_LINE, "estacao": "(de_estacao_id = %(estacao)s or ate_estacao_id = %(estacao)s)"},
)
SERVICE = Mart("oferta_hora", None, _BY_HOUR, _LINE)
# The worst of a day first.
SERVICE_DAYS = Mart("oferta_dia", None, ("dia_operacao", "fracao_realizada nulls last", "linha", "sentido"), _LINE)
