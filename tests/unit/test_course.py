from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from brt_watch.network import METRES_OF_A_DEGREE
from brt_watch.network import direction as course
from brt_watch.network import matching as position
from brt_watch.network.direction import Course, Seen
from brt_watch.network.matching import Place
from brt_watch.transform.runner import DBT_PROJECT
from brt_watch.web import fleet

PATH_M = 10_000


def seen(moment: float, progress_m: float, linha: str | None = "10", moved_m: float | None = None) -> Seen:
    """Return a signal on a line to the north and back; the bus is where it has to be for it, or elsewhere."""
    at = -22.9 + (progress_m if moved_m is None else moved_m) / METRES_OF_A_DEGREE, -43.4
    return Seen(moment, linha, at, {"ida": Place(progress_m, 2), "volta": Place(PATH_M - progress_m, 2)})


def directions(*signals: Seen) -> list[str | None]:
    taken = Course()
    return [taken.take(signal) for signal in signals]


def test_a_hundred_metres_in_two_minutes_tell_the_direction() -> None:
    assert directions(seen(0, 0), seen(20, 99), seen(40, 100)) == [None, None, "ida"]
    assert directions(seen(0, 900), seen(20, 801), seen(40, 800)) == [None, None, "volta"]


def test_metres_older_than_two_minutes_do_not_count() -> None:
    assert directions(seen(0, 0), seen(20, 60), seen(140, 110)) == [None, None, "ida"]
    assert directions(seen(0, 0), seen(20, 60), seen(141, 110)) == [None, None, None]


def test_a_direction_stays_for_ten_minutes_or_until_the_bus_turns() -> None:
    assert directions(seen(0, 0), seen(20, 200), seen(620, 200), seen(621, 200)) == [None, "ida", "ida", None]
    assert directions(seen(0, 0), seen(20, 200), seen(200, 90)) == [None, "ida", "volta"]


def test_what_was_made_with_another_line_says_nothing() -> None:
    signals = [seen(0, 0, "11"), seen(20, 200, "11"), seen(40, 400), seen(60, 600), seen(160, 800), seen(161, 801)]
    assert directions(*signals) == [None, "ida", None, None, "ida", "ida"]


def test_after_ten_minutes_and_in_a_jump_no_way_is_told() -> None:
    assert directions(seen(0, 0), seen(600, 300)) == [None, "ida"]
    assert directions(seen(0, 0), seen(601, 300)) == [None, None]
    assert directions(seen(0, 0, moved_m=0), seen(20, 5000, moved_m=50)) == [None, None]


def test_without_a_place_in_both_directions_nothing_is_told() -> None:
    one = [each._replace(places={"ida": each.places["ida"]}) for each in (seen(0, 0), seen(20, 200))]
    assert directions(*one) == [None, None]
    assert directions(seen(0, 0, None)._replace(places={}), seen(20, 200, None)._replace(places={})) == [None, None]


@pytest.fixture(scope="module")
def variables() -> dict[str, float]:
    project = yaml.safe_load(Path(DBT_PROJECT, "dbt_project.yml").read_text())
    found: dict[str, float] = project["vars"]
    return found


def test_the_page_and_the_models_have_the_same_values(variables: dict[str, float]) -> None:
    ours = {
        "futuro_tolerado_segundos": fleet.FUTURE.total_seconds(),
        "area_latitude_minima": fleet.BOX[0],
        "area_latitude_maxima": fleet.BOX[1],
        "area_longitude_minima": fleet.BOX[2],
        "area_longitude_maxima": fleet.BOX[3],
        "latitude_de_referencia": position.LATITUDE,
        "trajeto_longe_m": position.REACH_M,
        "mesmo_lugar_m": position.SAME_PLACE_M,
        "janela_movel_velocidade_segundos": fleet.LOOK_BACK_S,
        "intervalo_max_desvio_segundos": fleet.LOOK_BACK_S,
        "velocidade_maxima_kmh": fleet.FASTEST_KMH,
        "velocidade_limiar_parado_kmh": fleet.MOVING_KMH,
        "distancia_limiar_parada_m": position.STATION_M,
        "buffer_trajeto_m": position.ON_PATH_M,
        "intervalo_max_segundos": course.LONGEST_STEP_S,
        "sentido_janela_segundos": course.WINDOW_S,
        "sentido_avanco_m": course.ADVANCE_M,
        "sentido_validade_segundos": course.VALID_S,
        "ao_vivo_segundos": fleet.LIVE,
        "em_silencio_segundos": fleet.LATE,
        "fora_de_operacao_segundos": fleet.SILENT,
    }
    assert {name: variables[name] for name in ours} == ours
    assert variables["janela_movel_velocidade_segundos"] == course.LONGEST_MOVE_S
    assert variables["metros_por_grau"] == pytest.approx(METRES_OF_A_DEGREE, abs=0.001)
