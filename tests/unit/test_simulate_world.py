"""The simulated API answers like the city's."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from brt_watch.capture.simulation import Simulation
from brt_watch.feeds.brt import parse
from brt_watch.network import read_network
from brt_watch.simulate.world import World
from tests.city_data import CITY_DATA
from tests.small_city import small_city

SMALL = small_city()
PEAK = datetime(2025, 6, 5, 21, 44, 50, tzinfo=timezone.utc)
"""A Thursday, 18:44 in Rio."""
NIGHT = datetime(2025, 6, 6, 0, 9, 5, tzinfo=timezone.utc)
"""That evening, 21:09 in Rio."""
EARLY = datetime(2025, 6, 5, 7, 0, 0, tzinfo=timezone.utc)
"""Four in the morning in Rio, when a simulation is cheap."""
RESPONSES = CITY_DATA / "responses"

Answer = list[dict[str, Any]]


def world(at: datetime, since: timedelta = timedelta(0), seed: int = 1, scale: int = 1) -> World:
    return World(SMALL, Simulation.beginning(at - since, seed, scale), at)


def vehicles(body: bytes) -> Answer:
    listed: Answer = json.loads(body)["veiculos"]
    return listed


@pytest.fixture(scope="module")
def early() -> bytes:
    return world(EARLY).body_at(EARLY)


@pytest.fixture(scope="module")
def minutes() -> Callable[[datetime], list[tuple[datetime, Answer]]]:
    """Return the API's answers in ten successive minutes, as in the recordings; all times are of one simulated day."""
    simulated = World(read_network(), Simulation.beginning(PEAK), PEAK)

    @cache
    def minutes_from(start: datetime) -> list[tuple[datetime, Answer]]:
        moments = [start + minute * timedelta(seconds=61) for minute in range(10)]
        return [(moment, vehicles(simulated.body_at(moment))) for moment in moments]

    # The world does not go back.
    minutes_from(PEAK)
    return minutes_from


def test_same_seed_same_bytes_other_seed_other_bytes() -> None:
    moments = [EARLY + second * timedelta(seconds=1) for second in (0, 7, 60, 600)]
    first, again, other = (world(EARLY, seed=seed) for seed in (1, 1, 2))
    assert [first.body_at(moment) for moment in moments] == [again.body_at(moment) for moment in moments]
    assert first.body_at(moments[-1]) != other.body_at(moments[-1])


def test_answers_do_not_depend_on_how_often_it_is_asked() -> None:
    often, once = world(EARLY), world(EARLY)
    for second in range(0, 600, 20):
        often.body_at(EARLY + timedelta(seconds=second))
    later = EARLY + timedelta(seconds=600)
    assert often.body_at(later) == once.body_at(later)


def test_a_restart_goes_on_with_the_same_city() -> None:
    start = EARLY - timedelta(hours=1)
    simulation = Simulation.beginning(start)
    through, restarted = World(SMALL, simulation, start), World(SMALL, simulation, EARLY)
    assert through.body_at(EARLY) == restarted.body_at(EARLY)
    later = EARLY + timedelta(minutes=50)
    assert through.body_at(later) == restarted.body_at(later)


def test_nobody_can_ask_for_what_was_before() -> None:
    simulated = world(EARLY)
    now = simulated.body_at(EARLY + timedelta(minutes=1))
    assert simulated.body_at(EARLY) == now


def test_the_city_goes_on_for_days(early: bytes) -> None:
    later = EARLY + timedelta(days=2)
    # Straight to the day after tomorrow, as when nobody asked meanwhile.
    fresh = vehicles(World(small_city(["22"]), Simulation.beginning(EARLY), later).body_at(later))
    assert len(vehicles(early)) == len(fresh) == 748
    stamps = [record["dataHora"] / 1000 for record in fresh]
    assert sum(later.timestamp() - stamp < 60 for stamp in stamps) > 40


def test_the_list_has_every_vehicle_once_in_a_constant_order(minutes: Callable[..., Any]) -> None:
    orders = [[record["codigo"] for record in answer] for _, answer in minutes(PEAK)]
    assert len(set(orders[0])) == len(orders[0]) == 748
    assert all(order == orders[0] for order in orders)
    assert orders[0] != sorted(orders[0])


def test_three_fleets_triple_the_vehicles_with_own_codes() -> None:
    codes = [record["codigo"] for record in vehicles(world(EARLY, scale=3).body_at(EARLY))]
    assert len(set(codes)) == len(codes) == 3 * 748


def test_the_parser_takes_every_record(early: bytes) -> None:
    parsed = parse(early)
    assert (len(parsed.records), parsed.rejects) == (748, [])


def test_stamps_increase_except_for_a_repeated_signal(minutes: Callable[..., Any]) -> None:
    backward = 0
    for (_, before), (_, after) in pairwise(minutes(PEAK)):
        backward += sum(new["dataHora"] < old["dataHora"] for old, new in zip(before, after, strict=True))
    assert backward <= 3


FIELDS = [
    *["codigo", "placa", "linha", "latitude", "longitude", "dataHora", "velocidade", "id_migracao_trajeto", "sentido"],
    *["trajeto", "hodometro", "direcao", "ignicao", "capacidadePeVeiculo", "capacidadeSentadoVeiculo"],
]


def test_records_have_the_api_field_order_and_number_format(early: bytes) -> None:
    body = early
    assert body.startswith(b'{"veiculos":[{"codigo":"')
    assert all(list(record) == FIELDS for record in vehicles(body))
    assert not re.search(rb":\d+\.0[,}]", body), "whole numbers have no point"
    assert re.search(rb'"direcao":" "', body)
    assert not re.search(rb'"direcao":0[,}]', body), "north is a blank"
    assert re.search(rb'"ignicao":null', body)
    assert "JARDIM OCEÂNICO X ALVORADA".encode() in body, "UTF-8, not escaped"


def test_the_oddities_of_the_api_are_there(minutes: Callable[..., Any]) -> None:
    moment, answer = minutes(PEAK)[-1]
    ahead = [record for record in answer if record["dataHora"] / 1000 > moment.timestamp() + 60]
    assert len(ahead) <= 1
    assert any(record["linha"] == "0" and record["sentido"] == record["trajeto"] == "" for record in answer)
    assert any(record["codigo"] == "00CF000000 - A16 MAX" for record in answer)
    assert any(isinstance(record["direcao"], int) and record["direcao"] >= 360 for record in answer)
    assert any(not -23.15 < record["latitude"] < -22.7 for record in answer), "a tracker in another city"
    assert 15 <= sum(not re.fullmatch(r"90[123]\d{3}", record["codigo"]) for record in answer) <= 40


# -- beside the city's own answers ---------------------------------------------------------------------------------


def likeness(answers: list[tuple[datetime, Answer]]) -> dict[str, float]:
    """What makes ten successive answers look like the city's, as shares, seconds and km/h."""
    moment, first = answers[0]
    ages = [moment.timestamp() - record["dataHora"] / 1000 for record in first]
    fresh = [record for record, age in zip(first, ages, strict=True) if age < 300]
    moving = sorted(record["velocidade"] for record in fresh if record["velocidade"] > 0)
    unchanged, gaps, moving_ages = [], [], []
    for (_, before), (then, after) in pairwise(answers):
        known = {record["codigo"]: record["dataHora"] for record in before}
        unchanged.append(sum(known.get(record["codigo"]) == record["dataHora"] for record in after) / len(after))
        for record in after:
            age = then.timestamp() - record["dataHora"] / 1000
            if record["velocidade"] > 0 and age < 600:
                moving_ages.append(age)
                gaps.append((record["dataHora"] - known.get(record["codigo"], record["dataHora"])) / 1000)
    count = len(first)
    return {
        "under a minute old": sum(age < 60 for age in ages) / count,
        "5 to 60 minutes old": sum(300 <= age < 3600 for age in ages) / count,
        "1 to 24 hours old": sum(3600 <= age < 86_400 for age in ages) / count,
        "over 30 days old": sum(age > 30 * 86_400 for age in ages) / count,
        "moving": len(moving) / count,
        "standing of the fresh": 1 - len(moving) / len(fresh),
        "without a line": sum(record["linha"] == "0" for record in first) / count,
        "without a heading": sum(record["direcao"] == " " for record in first) / count,
        "ignition on": sum(record["ignicao"] == 1 for record in first) / count,
        "unchanged after a minute": sum(unchanged) / len(unchanged),
        "median age of the moving": median(moving_ages),
        "median gap": median(gap for gap in gaps if gap > 0),
        "median speed of the moving": median(moving),
        "90 % speed of the moving": moving[int(len(moving) * 0.9)],
    }


# Measured on the answers of Thursday 2025-06-05 18:44 and Wednesday 2025-05-21 21:09 (Rio), ten minutes each.
CITY = {
    PEAK: {
        "under a minute old": 0.73,
        "5 to 60 minutes old": 0.12,
        "1 to 24 hours old": 0.02,
        "over 30 days old": 0.03,
        "moving": 0.54,
        "standing of the fresh": 0.31,
        "without a line": 0.04,
        "without a heading": 0.13,
        "ignition on": 0.82,
        "unchanged after a minute": 0.25,
        "median age of the moving": 19.9,
        "median gap": 60,
        "median speed of the moving": 37.6,
        "90 % speed of the moving": 57.9,
    },
    NIGHT: {
        "under a minute old": 0.55,
        "5 to 60 minutes old": 0.28,
        "1 to 24 hours old": 0.04,
        "over 30 days old": 0.03,
        "moving": 0.35,
        "standing of the fresh": 0.44,
        "without a line": 0.03,
        "without a heading": 0.22,
        "ignition on": 0.60,
        "unchanged after a minute": 0.45,
        "median age of the moving": 21.1,
        "median gap": 60,
        "median speed of the moving": 34.1,
        "90 % speed of the moving": 57.8,
    },
}


def recorded(name: str) -> list[dict[str, Any]]:
    path = RESPONSES / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip("there is no recording of the city here")
    with gzip.open(path) as file:
        return [json.loads(line) for line in file]


SHARE, RELATIVE = 0.12, 0.15
"""How far the simulation may lie from the city: shares by so much, seconds and km/h by this part."""


def is_like(found: float, city: float) -> bool:
    if city < 1:
        # Of what is rare there must be some, too.
        return abs(found - city) <= SHARE and city / 2 <= found <= 2 * city
    return abs(found - city) <= RELATIVE * city


def unlike(found: dict[str, float], city: dict[str, float]) -> dict[str, tuple[float, float]]:
    return {name: (found[name], value) for name, value in city.items() if not is_like(found[name], value)}


@pytest.mark.parametrize(
    "moment", [pytest.param(PEAK, id="peak"), pytest.param(NIGHT, id="evening", marks=pytest.mark.deep)]
)
def test_it_looks_like_the_city_at_the_same_hour(moment: datetime, minutes: Callable[..., Any]) -> None:
    assert unlike(likeness(minutes(moment)), CITY[moment]) == {}


@pytest.mark.parametrize(("moment", "name"), [(PEAK, "brt_2025-06-05"), (NIGHT, "brt_2025-05-22")])
def test_what_the_city_is_said_to_be_is_what_was_recorded(moment: datetime, name: str) -> None:
    lines = recorded(name)
    answers = [(datetime.fromisoformat(line["captured_at"]), line["body"]["veiculos"]) for line in lines]
    measured = likeness(answers)
    for aspect, value in CITY[moment].items():
        assert measured[aspect] == pytest.approx(value, abs=0.006, rel=0.02), aspect


def test_its_types_are_those_of_the_recorded_api(minutes: Callable[..., Any]) -> None:
    city = [record for line in recorded("brt_2026-10-02") for record in line["body"]["veiculos"]]
    assert list(city[0]) == FIELDS

    def types(answer: Answer) -> dict[str, set[str]]:
        return {name: {type(record[name]).__name__ for record in answer} for name in FIELDS}

    ours = types([record for _, answer in minutes(PEAK) for record in answer])
    for name, kinds in types(city).items():
        assert kinds <= ours[name] | {"NoneType"} or name in ("latitude", "longitude"), name


def test_the_lines_have_as_many_buses_as_in_the_city(minutes: Callable[..., Any]) -> None:
    # Buses with a signal of the last five minutes by line, 2025-06-05 18:44, of those lines that have a path.
    city = {
        "61": 34,
        "14": 34,
        "22": 28,
        "60": 27,
        "51": 24,
        "52": 24,
        "10": 24,
        "40": 22,
        "35": 20,
        "12": 18,
        "50": 11,
    }
    moment, answer = minutes(PEAK)[0]
    fresh = [record for record in answer if moment.timestamp() - record["dataHora"] / 1000 < 300 and record["ignicao"]]
    ours = Counter(record["linha"] for record in fresh)
    assert all(count / 2 < ours[line] < count * 2 for line, count in city.items()), ours
