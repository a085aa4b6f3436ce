from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brt_watch.network import METRES_OF_A_DEGREE, Garage, Network, Path, Station, Stop, metres_between, read_network
from brt_watch.network.matching import LATITUDE, Place, Positions

ACROSS = METRES_OF_A_DEGREE * math.cos(math.radians(LATITUDE))


def at(east_m: float, north_m: float) -> tuple[float, float]:
    return LATITUDE + north_m / METRES_OF_A_DEGREE, -43.4 + east_m / ACROSS


def path(linha: str, sentido: str, *points: tuple[float, float], stops: tuple[Stop, ...] = ()) -> Path:
    metres = [0.0]
    for (x, y), (next_x, next_y) in pairwise(points):
        metres.append(metres[-1] + math.hypot(next_x - x, next_y - y))
    latitudes, longitudes = zip(*(at(*point) for point in points), strict=True)
    return Path(linha, sentido, latitudes, longitudes, tuple(metres), stops)


def network(*paths: Path, garages: tuple[Garage, ...] = ()) -> Network:
    stations = {"A": Station("A", "A", "terminal", *at(0, 0)), "B": Station("B", "B", "estacao", *at(3000, 0))}
    return Network(stations, {}, {(each.linha, each.sentido): each for each in paths}, garages, {})


EAST = path("1", "ida", (0, 0), (3000, 0))
WEST = path("1", "volta", (3000, 12), (0, 12))


def test_the_place_on_a_path_is_told_in_metres_along_it_and_beside_it() -> None:
    place = Positions(network(EAST, WEST)).on_path("1", "ida", at(1234, -20))
    assert place == pytest.approx(Place(1234, 20), abs=0.5)


def test_before_the_beginning_of_a_path_a_bus_is_at_its_beginning() -> None:
    place = Positions(network(EAST)).on_path("1", "ida", at(-30, 40))
    assert place == pytest.approx(Place(0, 50), abs=0.5)


def test_far_from_the_path_and_on_a_path_that_is_not_known_there_is_no_place() -> None:
    positions = Positions(network(EAST))
    assert positions.on_path("1", "ida", at(1000, 501)) is None
    assert positions.on_path("1", "volta", at(1000, 0)) is None
    assert positions.on_path(None, None, at(1000, 0)) is None


def test_where_a_path_comes_by_twice_a_bus_is_where_it_goes_its_way() -> None:
    there_and_back = path("2", "ida", (0, 0), (2000, 0), (2000, 20), (0, 20))
    positions = Positions(network(there_and_back))
    assert positions.on_path("2", "ida", at(500, 4)) == pytest.approx((500, 4), abs=0.5)
    assert positions.on_path("2", "ida", at(500, 4), heading=80) == pytest.approx((500, 4), abs=0.5)
    assert positions.on_path("2", "ida", at(500, 4), heading=280) == pytest.approx((3520, 16), abs=0.5)
    assert positions.on_path("2", "ida", at(500, 2), heading=280) == pytest.approx((500, 2), abs=0.5), "too far off"


def test_against_the_way_of_its_path_a_bus_is_where_it_would_be_without_a_heading() -> None:
    place = Positions(network(EAST)).on_path("1", "ida", at(500, 2), heading=270)
    assert place == pytest.approx(Place(500, 2), abs=0.5)


def test_the_nearest_station_is_told_with_its_distance_and_none_is_told_from_afar() -> None:
    positions = Positions(network(EAST))
    near = positions.nearest_station(at(2600, 0))
    assert near
    assert (near.estacao_id, round(near.distance_m)) == ("B", 400)
    assert positions.nearest_station(at(3000, 2100)) is None


def test_a_garage_is_a_circle_or_a_polygon() -> None:
    square = [at(5000, 0), at(5100, 0), at(5100, 100), at(5000, 100)]
    circle = Garage("g", "G", "garagem", *at(0, 1000), 100)
    of_a_square = Garage("q", "Q", "garagem", *at(5050, 50), 70, "1")
    lay_by = Garage("r", "R", "recuo", *at(0, 2000), 100)
    positions = Positions(network(EAST, garages=(circle, of_a_square, lay_by)), [square])
    assert positions.in_garage(at(0, 1099))
    assert not positions.in_garage(at(0, 1102))
    assert positions.in_garage(at(5050, 50))
    assert not positions.in_garage(at(4990, 50))
    assert not positions.in_garage(at(0, 2000))


REAL = read_network()
REAL_POSITIONS = Positions(REAL)
KEYS = sorted(REAL.paths)


@given(key=st.sampled_from(KEYS), share=st.floats(0, 1), east=st.floats(-150, 150), north=st.floats(-150, 150))
def test_on_the_real_paths_the_grid_finds_what_a_look_at_every_point_finds(
    key: tuple[str, str], share: float, east: float, north: float
) -> None:
    path = REAL.paths[key]
    number = round(share * (len(path.metres) - 1))
    position = path.latitudes[number] + north / METRES_OF_A_DEGREE, path.longitudes[number] + east / ACROSS
    nearest = min(metres_between(*position, *point) for point in zip(path.latitudes, path.longitudes, strict=True))
    place = REAL_POSITIONS.on_path(*key, position)
    if nearest < 199:
        assert place
        assert place.offset_m <= nearest + 0.5
        assert 0 <= place.progress_m <= path.length_m + 0.1
        assert REAL_POSITIONS.is_covered(position)


@given(key=st.sampled_from(KEYS), share=st.floats(0, 1))
def test_a_point_of_a_path_lies_on_it_at_its_own_metres(key: tuple[str, str], share: float) -> None:
    path = REAL.paths[key]
    number = round(share * (len(path.metres) - 1))
    point = path.latitudes[number], path.longitudes[number]
    near = min(number, len(path.metres) - 2)
    north = (path.latitudes[near + 1] - path.latitudes[near]) * METRES_OF_A_DEGREE
    east = (path.longitudes[near + 1] - path.longitudes[near]) * ACROSS
    place = REAL_POSITIONS.on_path(*key, point, math.degrees(math.atan2(east, north)) % 360)
    assert place
    assert place.offset_m < 0.5
    assert abs(place.progress_m - path.metres[number]) < 16
