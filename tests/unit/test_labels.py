"""The seed `sentido_trocas` against the captures of 2021 to 2025: what a label means follows from how the bus moves."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
import shapely

from brt_watch.network import SEEDS, read_network
from brt_watch.network.geometry import Plane
from brt_watch.place import home

CAPTURES = home().parent / "shared" / "data" / "captures"
OF_TODAY = "select codigo, linha::text, latitude, longitude, dataHora::text, sentido from '{}'"
OF_2022 = (
    "select vei_nro_gestor, linha::text, latitude, longitude, comunicacao::text, "
    "lower(regexp_extract(nomeItinerario, 'ITI (IDA|VOLTA)', 1)) from '{}'"
)
MOVED = {
    "2022-08-04": ("hist_2022/real_time_data_2022-08-04.csv", OF_2022, {"41", "51"}),
    "2023-07-26": ("brt_2023-07-26_gabryelle.csv", OF_TODAY, {"17", "31", "41", "51"}),
    "2025-02-17": ("brt_2025-02-17_leoneves.csv", OF_TODAY, {"17", "31", "41", "51"}),
}
"""Captures of more than one answer: the file, its query, and the lines of the seed that move in it."""


def swapped(day: str) -> set[str]:
    with (SEEDS / "sentido_trocas.csv").open(encoding="utf-8", newline="") as file:
        return {row["linha"] for row in csv.DictReader(file) if day < row["ate"]}


def there(name: str) -> Path:
    path = CAPTURES / name
    if not path.exists():
        pytest.skip("the captures of other years are not here")
    return path


@pytest.mark.parametrize("day", MOVED)
def test_most_moves_agree_with_the_meaning_of_their_label(day: str) -> None:
    """A move is 100 m and more along both paths of the line, as in the model int_sentidos__movimentos."""
    name, query, lines = MOVED[day]
    network, plane = read_network(), Plane(-22.93)
    paths = {
        key: shapely.LineString(plane.metres(list(zip(path.latitudes, path.longitudes, strict=True))))
        for key, path in network.paths.items()
        if key[0] in lines
    }
    agree: Counter[tuple[str, bool]] = Counter()
    last: dict[Any, float] = {}
    for codigo, linha, latitude, longitude, _, label in sorted(
        duckdb.sql(query.format(there(name))).fetchall(), key=lambda row: row[4]
    ):
        if linha not in lines or label not in ("ida", "volta"):
            continue
        point = shapely.Point(plane.metres([(latitude, longitude)])[0])
        out, back = paths[linha, "ida"], paths[linha, "volta"]
        if max(out.distance(point), back.distance(point)) > 30:
            continue
        metres = (out.project(point) - back.project(point)) / 2
        advance = metres - last.get((codigo, linha, label), metres)
        if abs(advance) >= 100 or (codigo, linha, label) not in last:
            last[codigo, linha, label] = metres
        if abs(advance) >= 100:
            agree[linha, ((advance > 0) == (label == "ida")) != (linha in swapped(day))] += 1
    assert {linha for linha, _ in agree} == lines
    assert {linha for linha in lines if agree[linha, True] <= agree[linha, False]} == set()


def test_the_names_of_2021_say_the_swapped_direction() -> None:
    """One answer has no moves; its names of paths give the direction of each label."""
    vehicles = json.loads(there("brt_2021-02-24_maestro_raw.json").read_bytes())["veiculos"]
    starts = {(each["linha"], each["sentido"]): each["trajeto"].split("X")[0].upper() for each in vehicles}
    assert swapped("2021-02-24") == {"17", "31", "41", "51"}
    for linha, (end, start) in {"31": ("ALVORADA", "VICENTE"), "41": ("RECREIO", "MADUREIRA")}.items():
        assert end in starts[linha, "ida"]
        assert start in starts[linha, "volta"]
