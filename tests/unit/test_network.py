"""The reference files of the network, and their reader."""

from __future__ import annotations

import csv
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from brt_watch.earth import METRES_OF_A_DEGREE
from brt_watch.errors import NetworkError
from brt_watch.network import COLUMNS, SEEDS, metres_between, read_network, read_seed
from brt_watch.simulate import truth
from brt_watch.transform.compiled import project_vars

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SEEDS, tmp_path / "seeds"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_network_that_comes_with_the_project_is_whole() -> None:
    network = read_network()
    assert network.stations["TOTAL"].nome == "Terminal Alvorada"
    assert network.lines["11"].fim_s == 28 * 3600, "hours go on beyond midnight"
    assert "0" not in network.lines
    assert [garage.nome for garage in network.garages if garage.tipo == "recuo"] == ["Margaridas", "Pedra de Itaúna"]
    assert network.trajetos["22", "ida"][0] == "22 - ALVORADA X JARDIM OCEANICO (PARADOR) [IDA]", "the newest spelling"
    assert "35 - ALVORADA  X  MADUREIRA (PARADOR) [VOLTA]" in network.trajetos["35", "volta"], "with its double blanks"


def test_the_metres_of_a_path_are_those_between_its_points() -> None:
    for path in read_network().paths.values():
        points = list(zip(path.latitudes, path.longitudes, path.metres, strict=True))
        for here, there in pairwise(points):
            assert there[2] - here[2] == pytest.approx(metres_between(*here[:2], *there[:2]), abs=0.2)
        assert (path.metres[0], path.metres[-1]) == (0, path.length_m)


def test_every_station_of_a_path_lies_beside_it_at_its_metres() -> None:
    network = read_network()
    for path in network.paths.values():
        assert len(path.stops) >= 2, (path.linha, path.sentido)
        points = _every_20_metres(path.latitudes, path.longitudes, path.metres)
        for stop in path.stops:
            station = network.stations[stop.estacao_id]
            near = min(
                metres_between(station.latitude, station.longitude, latitude, longitude)
                for latitude, longitude, metres in points
                if abs(metres - stop.distancia_m) < 40
            )
            # Two stations of TransBrasil lie 185 m from the path; a learned path may begin or end short of a terminal.
            assert near < (350 if stop in (path.stops[0], path.stops[-1]) else 210), (path.linha, path.sentido, stop)


def _every_20_metres(*columns: tuple[float, ...]) -> list[tuple[float, ...]]:
    points = []
    for here, there in pairwise(zip(*columns, strict=True)):
        steps = 1 + int((there[2] - here[2]) / 20)
        points += [
            tuple(a + (b - a) * step / steps for a, b in zip(here, there, strict=True)) for step in range(steps + 1)
        ]
    return points


def test_lines_have_headways_in_service_hours_and_spellings() -> None:
    network = read_network()
    for line in network.lines.values():
        assert line.headways, line.linha
        assert line.inicio_s <= line.headways[0].hora_inicio_s
        assert line.headways[-1].hora_fim_s <= line.fim_s
        assert network.trajetos[line.linha, "ida"]
        assert network.trajetos[line.linha, "volta"]


def test_a_garage_with_a_polygon_is_a_circle_around_it() -> None:
    corners: dict[str, list[tuple[float, float]]] = {}
    for row in read_seed(SEEDS, "garagem_poligonos"):
        corners.setdefault(row.text("poligono_id"), []).append(row.position("latitude", "longitude"))
    assert all(ring[0] == ring[-1] and len(ring) > 3 for ring in corners.values())
    with_polygon = [row for row in read_seed(SEEDS, "garagens") if row.optional("poligono_id")]
    assert len(with_polygon) == 4
    for row in with_polygon:
        for corner in corners[row.text("poligono_id")]:
            assert metres_between(*row.position("latitude", "longitude"), *corner) <= row.number("raio_m")


OF_THE_FORECASTS = {"previsao_reguas": ("regua", "pela", "de_s", "ate_s", "cedo_s", "tarde_s")}
"""What forecasts are scored by; only dbt reads it."""

OF_THE_LABELS = {
    "trajeto_ids": ("id_migracao_trajeto", "linha", "sentido", "primeira_vez", "ultima_vez"),
    "sentido_trocas": ("linha", "ate", "fonte"),
}
"""What dbt alone reads."""


FIRST_SEEN_IN_TODAYS_MEANING = {"17": "2025-02-17", "31": "2022-06-30", "41": "2022-08-04", "51": "2022-08-04"}
"""The earliest capture in which most moving signals of a line contradict the swapped label.

Moving signals whose label is right, not swapped and swapped: line 31 in mid-2022 82 % and 18 %; line 41 on 2022-08-04
348 and 117; line 51 280 and 189; line 17 on 2023-07-26 28 and 256, on 2025-02-17 215 and 9.
"""


def test_no_label_is_swapped_where_movement_agrees_with_it() -> None:
    with (SEEDS / "sentido_trocas.csv").open(encoding="utf-8", newline="") as file:
        late = [row for row in csv.DictReader(file) if row["ate"] > FIRST_SEEN_IN_TODAYS_MEANING[row["linha"]]]
    assert late == []


@pytest.mark.parametrize("name", COLUMNS)
def test_reference_files_are_plain_text_with_known_columns(name: str) -> None:
    content = (SEEDS / f"{name}.csv").read_bytes()
    assert content.decode("utf-8").split("\n")[0] == ",".join(COLUMNS[name])
    assert content.endswith(b"\n")
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")


def test_every_csv_column_is_described_and_no_other() -> None:
    text = (PROJECT / "docs" / "reference" / "data-dictionary.md").read_text(encoding="utf-8")
    described = {
        file: tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
        for file, section in re.findall(r"^### (\w+)\.csv\n(.*?)(?=^### |\Z)", text, re.MULTILINE | re.DOTALL)
    }
    assert described == COLUMNS | OF_THE_LABELS | OF_THE_FORECASTS | truth.FILES


def test_there_is_no_reference_file_that_nobody_knows() -> None:
    assert {file.name for file in SEEDS.iterdir()} == {
        f"{name}.csv" for name in COLUMNS | OF_THE_LABELS | OF_THE_FORECASTS
    } | {"_seeds.yml"}


@pytest.mark.parametrize(
    ("name", "old", "new", "where", "problem"),
    [
        ("estacoes", ",-22.", ",x22.", "line 2, column latitude", "is not a number"),
        ("estacoes", ",-22.", ",-122.", "line 2, column latitude", "that can be here"),
        ("estacoes", ",-22.", ",nan", "line 2, column latitude", "is not a number"),
        ("estacoes", "estacao_id", "id", "line 1, column estacao_id", "is not there"),
        ("linhas", "03:20", "03:60", "line 2, column inicio", "is not a time"),
        ("linhas", "expresso", "rapido", "line 2, column servico", "not one of parador"),
        ("linhas", "\n11,", "\n10,", "line 3, column linha", "there twice"),
        ("linhas", "10,2025-10-01,,", "10,2025-10-32,,", "line 2, column valido_desde", "not a date"),
        ("linhas", "10,2025-10-01,,", "10,2025-10-01,2025-09-30,", "line 2, column valido_ate", "earlier than"),
        ("linha_trajetos", "10,2025-10-01", "10,2025-10-02", "line 2, column linha", "not in linhas.csv"),
        ("trajetos", "\n10,2025-10-01,ida", "\n28,2025-10-01,ida", "line 2, column linha", "not in trajetos.csv"),
        ("linha_intervalos", "05:00,09:00", "04:00,09:00", "line 3, column hora_inicio", "before the end"),
        ("linha_intervalos", "\n10,", "\n999,", "linha_intervalos.csv", "not in linhas.csv"),
        ("linha_trajetos", "10,2025-10-01,ida,2,", "10,2025-10-01,ida,3,", "line 3, column ordem", "2 is expected"),
        ("linha_trajetos", ",0.0", ",0.5", "line 2, column distancia_m", "must be 0"),
        ("linha_estacoes", "TOSTC", "NOWHERE", "line 2, column estacao_id", "not in estacoes.csv"),
        (
            "linha_estacoes",
            "10,2025-10-01,ida,1,TOSTC,0.0",
            "10,2025-10-01,ida,1,TOSTC,9000.0",
            "line 3, column distancia_m",
            "must grow",
        ),
        ("linha_estacoes", "01,ida", "01,back", "line 2, column sentido", "not one of ida, volta"),
        ("garagens", "garagem,", "hangar,", "line 2, column tipo", "not one of garagem"),
        ("trajeto_nomes", "10,ida", "10,ida,more", "line 2", "7 fields instead of 6"),
    ],
)
def test_a_mistake_is_reported_with_file_line_and_column(
    seeds: Path, name: str, old: str, new: str, where: str, problem: str
) -> None:
    change(seeds / f"{name}.csv", old, new)
    with pytest.raises(NetworkError) as error:
        read_network(seeds)
    assert f"{name}.csv" in str(error.value)
    assert where in str(error.value)
    assert problem in str(error.value)


def test_a_folder_without_the_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=re.escape(str(tmp_path / "estacoes.csv"))):
        read_network(tmp_path)


def test_a_file_that_is_not_utf8_is_reported_with_its_line(seeds: Path) -> None:
    file = seeds / "garagens.csv"
    file.write_bytes(file.read_text(encoding="utf-8").encode("latin-1"))
    with pytest.raises(NetworkError, match=r"garagens\.csv.*not UTF-8"):
        read_network(seeds)


def test_the_models_and_the_paths_are_on_one_sphere() -> None:
    assert project_vars()["metros_por_grau"] == round(METRES_OF_A_DEGREE, 4)
