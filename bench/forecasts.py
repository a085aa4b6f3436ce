"""Forecasts by the public yardsticks, on days they were not trained on: simulated mornings, lines 13 and 35 of 2022."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from pydantic import HttpUrl, SecretStr

from bench import rig
from bench.rig import Result
from brt_watch import pipeline
from brt_watch.archive.importing import Import
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.network import read_network
from brt_watch.resources import Resources
from brt_watch.settings import NO_POSTGRES, Settings
from brt_watch.simulate.history import history

MORNINGS = [datetime.fromisoformat(f"2026-11-{day}T08:30:00+00:00") for day in (24, 25, 26)]
"""Half past five in Rio, Tuesday to Thursday: usual times need one day before, margins two."""

SEEDS = (11, 12)
"""Of the simulated cities; neither the rules nor their limits were fitted to these."""

OF_2022 = Path(__file__).parents[2] / "shared" / "data" / "captures" / "hist_2022"
"""Published tables of the city, by line; without them, only the simulation is forecast."""

FROM_2022 = "2022-07-11"

OF_THE_CITY = ("transitapp", "mbta", "calitp", "wobble")
"""The figures that the city's own rule has, too."""

SCORE = """
with feitas as (
    select *, chegou_em_s - p50_s as erro_s
    from public.int_previsoes__com_margens
    where dia_operacao >= cast($dia as date) and base = 'histórico' and p50_s <= 1800 and desfecho_visto
),
medianas as (
    select tipo, median(erro_s) as mediana_s, avg(abs(erro_s)) as absoluto_s from feitas group by tipo
),
faixas as (
    select
        tipo, metodo, horizonte_min,
        sum(certas_transitapp) / nullif(sum(previsoes_transitapp), 0) as transitapp,
        sum(previsoes) as n, sum(nunca_chegaram) as nunca, sum(sem_desfecho) as cegas,
        sum(certas_mbta) as mbta, sum(certas_calitp) as calitp,
        sum(na_faixa) as na_faixa, sum(oscilacao_min * previsoes) as oscilacao
    from public.previsao_acerto where dia_operacao >= cast($dia as date) group by all
)
select
    tipo, metodo, sum(n) as n,
    avg(transitapp) as transitapp, sum(mbta) / sum(n) as mbta, sum(calitp) / sum(n) as calitp,
    sum(na_faixa) / (sum(n) - sum(nunca)) as interval_60_holds, sum(oscilacao) / sum(n) as wobble,
    sum(nunca) / sum(n) as never_came, sum(cegas) / (sum(n) + sum(cegas)) as left_out,
    any_value(mediana_s) as error_p50_s, any_value(absoluto_s) as error_mean_s
from faixas inner join medianas using (tipo)
group by tipo, metodo order by tipo, metodo
"""


def forecasts(minutes: int = 120) -> Iterator[Result]:
    """Forecast the last of three simulated mornings of N minutes, for each seed, and days of 2022 if they are here."""
    for seed in SEEDS:
        with rig.folder() as data:
            yield from _scored(f"seed_{seed}", simulated(data, seed, minutes), f"{MORNINGS[-1]:%Y-%m-%d}")
    tables = sorted(OF_2022.glob("*.parquet"))
    if tables:
        with rig.folder() as data:
            yield from _scored("2022", imported(data, tables), FROM_2022)


def simulated(data: Path, seed: int, minutes: int) -> Resources:
    """Capture the mornings of a simulated city into a lake, and derive their forecasts."""
    settings = _settings(data)
    simulation = simulate_into(settings, Simulation.beginning(MORNINGS[0], seed))
    network = read_network()
    for start in MORNINGS:
        for _ in history(settings, network, simulation, start, start + timedelta(minutes=minutes)):
            pass
    resources = Resources.from_settings(settings)
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)
    return _derived(resources)


def imported(data: Path, tables: list[Path]) -> Resources:
    """Import published tables into a lake, and derive their forecasts."""
    resources = Resources.from_settings(_settings(data))
    for table in tables:
        source = Import.of(table, resources)
        for _ in (*source.write_table({}, []), *source.load(pipeline.load)):
            pass
    return _derived(resources)


def _settings(data: Path) -> Settings:
    return Settings(
        data=data / "data", feed_url=HttpUrl("http://127.0.0.1:9/gps/brt"), database_url=SecretStr(NO_POSTGRES)
    )


def _derived(resources: Resources) -> Resources:
    """Derive what forecasts need; of a capture this short a quarter of the vehicles is forecast, and every day."""
    pipeline.transform(
        resources, "--select", "+previsao_acerto", "--vars", json.dumps({"previsao_amostra": 4, "previsao_dias": 60})
    )
    return resources


def _scored(of: str, resources: Resources, since: str) -> Iterator[Result]:
    with duckdb.connect(resources.models.connection_parameters()["duckdb"], read_only=True) as models:
        found = models.execute(SCORE, {"dia": since})
        names = [column[0] for column in found.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    figures = {(row.pop("tipo"), row.pop("metodo")): row for row in rows}
    for kind, place in (("a caminho", "way"), ("no terminal", "terminal")):
        # A short capture may have none at a terminal.
        ours, city = figures.get((kind, "previsão"), {}), figures.get((kind, "prefeitura"), {})
        note = f"from {since} on, {ours.pop('n', 0):.0f} forecasts; plain: the city's rule"
        for name, value in ours.items():
            plain = city.get(name) if name in OF_THE_CITY else None
            unit = "s" if name.endswith("_s") else "min/min" if name == "wobble" else "share"
            yield Result(f"forecasts_{of} {place}.{name}", unit, value, plain, note)
