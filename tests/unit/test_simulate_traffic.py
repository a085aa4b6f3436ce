"""The buses of the simulated city together: lanes, platforms, passengers, and why trips end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timezone
from itertools import islice, pairwise
from random import Random
from statistics import mean, pstdev

import pytest

from brt_watch.network import LinePath, Network, Stop, read_network
from brt_watch.simulate.activities import Activity, Doing, Journey
from brt_watch.simulate.holidays import Kind, easter, kind_of
from brt_watch.simulate.passengers import CAPACITY, poisson
from brt_watch.simulate.plan import Plan
from brt_watch.simulate.roads import Roads
from brt_watch.simulate.timetable import timetable
from brt_watch.simulate.traffic import BERTHS, BUNCHED, Call

NETWORK = read_network()
THURSDAY = datetime(2025, 6, 5, 6, tzinfo=timezone.utc)
"""Three in the morning in Rio, when the service day begins."""

BUSES = [0.0] * 670
PARADORES = {linha for linha, line in NETWORK.lines.items() if line.servico == "parador"}


def planned(hours: int, hold_s: float = 0.0, network: Network = NETWORK) -> Plan:
    plan = Plan(network, BUSES, THURSDAY, "1/0", hold_s)
    for _ in range(hours):
        plan.extend()
    return plan


@pytest.fixture(scope="module")
def morning() -> Plan:
    """From three to nine."""
    return planned(6)


@pytest.fixture(scope="module")
def trips(morning: Plan) -> list[Activity]:
    return list(morning.journeys())


def journey(trip: Activity) -> Journey:
    assert trip.journey
    return trip.journey


def calls_by(trips: list[Activity], key: Callable[[Activity, Call], object]) -> dict[object, list[Call]]:
    found: dict[object, list[Call]] = defaultdict(list)
    for trip in trips:
        for call in journey(trip).calls:
            found[key(trip, call)].append(call)
    return found


def linha(trip: Activity) -> str:
    assert trip.path
    return trip.path.linha


def direction(trip: Activity) -> tuple[str, str]:
    assert trip.path
    return trip.path.linha, trip.path.sentido


# -- lanes and platforms -------------------------------------------------------------------------------------------


def test_nobody_overtakes_on_a_lane(trips: list[Activity]) -> None:
    """Paradores that leave a station one after the other reach the next one in the same order."""
    lanes: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for trip in trips:
        if linha(trip) in PARADORES:
            # Where a trip ends, its bus does not wait for the platform.
            for before, after in pairwise(journey(trip).calls[:-1]):
                lanes[before.estacao_id, after.estacao_id].append((before.departure, after.arrival))
    shared = [sorted(passed) for passed in lanes.values() if len(passed) > 20]
    assert len(shared) > 100
    for passed in shared:
        arrivals = [arrival for _, arrival in passed]
        assert arrivals == sorted(arrivals)


def test_an_expresso_passes_paradores_at_stations(trips: list[Activity]) -> None:
    seen: dict[tuple[str, str], list[tuple[float, float, bool]]] = defaultdict(list)
    for trip in trips:
        calls = journey(trip).calls
        for number, before in enumerate(calls):
            for after in calls[number + 1 :]:
                passed = (before.departure, after.arrival, linha(trip) in PARADORES)
                seen[before.estacao_id, after.estacao_id].append(passed)
    overtakes = 0
    for passed in seen.values():
        for left, arrived, stops_everywhere in passed:
            if not stops_everywhere:
                overtakes += sum(other[2] and other[0] < left and arrived < other[1] for other in passed)
    assert overtakes > 100


def test_no_more_buses_stand_at_a_platform_than_it_has_berths(trips: list[Activity]) -> None:
    roads = Roads(NETWORK)
    standing: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for trip in trips:
        drive = roads.drives[direction(trip)]
        for call in journey(trip).calls[1:-1]:
            platform = drive.nodes[drive.at_stop[call.order - 1]].platform
            standing[platform] += [(call.arrival, 1), (call.departure, -1)]
    most = 0
    for changes in standing.values():
        count = 0
        for _, change in sorted(changes):
            count += change
            most = max(most, count)
    assert most == BERTHS


def test_lines_that_share_a_road_share_its_lanes() -> None:
    drives = Roads(NETWORK).drives
    express, stopping = ({node.section for node in drives[each, "ida"].nodes} for each in ("10", "20"))
    assert len(express & stopping) > 10
    opposite = {node.section for node in drives["10", "volta"].nodes}
    assert not express & opposite


# -- passengers ----------------------------------------------------------------------------------------------------


def test_a_bus_stands_longer_for_more_passengers(trips: list[Activity]) -> None:
    calls = [call for trip in trips for call in journey(trip).calls[1:-1]]
    few = mean(call.departure - call.arrival for call in calls if call.boarding.boarded + call.alighted <= 3)
    many = mean(call.departure - call.arrival for call in calls if call.boarding.boarded + call.alighted >= 30)
    assert few + 5 < many


def test_who_boards_alights_and_no_bus_is_overfull(trips: list[Activity]) -> None:
    for trip in trips:
        calls = journey(trip).calls
        on_board = 0
        for call in calls:
            on_board += call.boarding.boarded - call.alighted
            assert 0 <= on_board == call.on_board <= CAPACITY
        if journey(trip).ended != "avaria":
            assert on_board == 0
    assert any(call.boarding.left_behind for trip in trips for call in journey(trip).calls)


def test_passengers_wait_for_half_an_even_headway_or_longer(trips: list[Activity]) -> None:
    """The mean wait follows TfL's definition, half of E[h²] / E[h], because passengers arrive at random."""
    calls = [call for trip in trips for call in journey(trip).calls if call.headway_s and 0 < call.headway_s < 1800]
    boarded = sum(call.boarding.boarded for call in calls)
    waited = sum(call.boarding.boarded * call.boarding.waited_s for call in calls) / boarded
    by_headway = sum(call.boarding.boarded * (call.headway_s or 0) / 2 for call in calls) / boarded
    assert waited == pytest.approx(by_headway, rel=0.1)


def test_bunching_grows_along_a_line(trips: list[Activity]) -> None:
    """At later stops headways vary more than where the buses set out, and a share of them is under a quarter."""

    def headways(first: float, last: float) -> list[float]:
        return [
            call.headway_s / journey(trip).interval_s
            for trip in trips
            for call in journey(trip).calls
            if trip.path and call.headway_s and call.headway_s < 4 * journey(trip).interval_s
            if first <= (call.order - 1) / (len(trip.path.stops) - 1) <= last
        ]

    def variation(values: list[float]) -> float:
        return pstdev(values) / mean(values)

    start, end = headways(0, 0), headways(0.7, 1)
    assert variation(start) + 0.1 < variation(end)
    assert 0.05 < sum(each < BUNCHED for each in end) / len(end) < 0.4
    assert not any(each < BUNCHED for each in start)


@pytest.mark.parametrize("expected", [0.3, 4, 80])
def test_poisson_variates_have_their_mean_and_variance(expected: float) -> None:
    chance = Random(1)
    values = [poisson(expected, chance) for _ in range(4000)]
    assert mean(values) == pytest.approx(expected, rel=0.08)
    assert pstdev(values) ** 2 == pytest.approx(expected, rel=0.12)


# -- why trips end ---------------------------------------------------------------------------------------------------


def after(plan: Plan, trip: Activity) -> list[Activity]:
    for bus in range(len(BUSES)):
        doings = list(plan.activities(bus))
        if trip in doings:
            return doings[doings.index(trip) + 1 :]
    raise AssertionError("nobody drove this trip")


def test_a_bus_that_turns_back_continues_the_other_way(morning: Plan, trips: list[Activity]) -> None:
    turned = [trip for trip in trips if journey(trip).ended == "retorno"]
    assert turned
    for trip in turned[:20]:
        stands, *following = after(morning, trip)
        assert stands.doing is Doing.WAIT
        if following:
            back = following[0]
            assert (linha(back), journey(back).began) == (linha(trip), "retorno")
            assert direction(back) != direction(trip)
            assert journey(back).calls[0].estacao_id == journey(trip).calls[-1].estacao_id
            assert journey(back).planned_at is None


@pytest.mark.parametrize("ended", ["encurtada", "avaria"])
def test_a_bus_whose_trip_is_cut_short_goes_to_a_garage(ended: str, morning: Plan, trips: list[Activity]) -> None:
    cut = [trip for trip in trips if journey(trip).ended == ended]
    assert cut
    for trip in cut:
        assert trip.path
        assert trip.halts[-1].metres < trip.path.stops[-1].distancia_m
        at_a_station = trip.halts[-1].metres in {stop.distancia_m for stop in trip.path.stops}
        assert at_a_station == (ended == "encurtada")
        doings = [activity.doing for activity in after(morning, trip)]
        assert doings[:4] in ([Doing.WAIT], [Doing.WAIT, Doing.TRANSFER, Doing.WAIT, Doing.PARK])


def test_trips_end_at_the_terminal_but_for_a_few(trips: list[Activity]) -> None:
    assert sum(journey(trip).ended != "terminal" for trip in trips) / len(trips) < 0.05


# -- the plan --------------------------------------------------------------------------------------------------------


def test_what_a_bus_does_has_no_gap_and_no_overlap(morning: Plan) -> None:
    for bus in range(len(BUSES)):
        for before, following in pairwise(morning.activities(bus)):
            assert before.end == pytest.approx(following.start, abs=0.001)
            assert before.start <= before.end


def test_the_plan_before_until_is_final_and_repeatable(morning: Plan) -> None:
    """Signals that were sent must not change: a bus is fetched at most two hours ahead."""
    plan, trips = planned(3), 0
    for bus in range(len(BUSES)):
        known = [each for each in plan.activities(bus) if each.end <= plan.until]
        assert [repr(each) for each in islice(morning.activities(bus), len(known))] == list(map(repr, known))
        trips += sum(each.doing is Doing.TRIP for each in known)
    assert trips > 20


def test_holding_evens_out_departures_and_saves_waiting(trips: list[Activity]) -> None:
    def measured(trips: list[Activity]) -> tuple[float, float]:
        calls = [call for trip in trips for call in journey(trip).calls]
        starts = [
            call.headway_s / journey(trip).interval_s
            for trip in trips
            for call in journey(trip).calls[:1]
            if call.headway_s and call.headway_s < 4 * journey(trip).interval_s
        ]
        boarded = sum(call.boarding.boarded for call in calls)
        return pstdev(starts), sum(call.boarding.boarded * call.boarding.waited_s for call in calls) / boarded

    held = measured(list(planned(5, hold_s=180).journeys()))
    free = measured([trip for trip in trips if trip.end < THURSDAY.timestamp() + 5 * 3600])
    assert held[0] < free[0]
    assert held[1] < free[1]


def test_a_line_drives_as_soon_as_the_network_has_its_path() -> None:
    """The feeder 28 has a timetable and no path at first."""
    a, b, c = (NETWORK.stations[stop.estacao_id] for stop in NETWORK.paths["20", "ida"].stops[:3])
    latitudes, longitudes = (a.latitude, b.latitude, c.latitude), (a.longitude, b.longitude, c.longitude)
    metres = (0.0, 900.0, 1800.0)
    stops = tuple(Stop(station.estacao_id, at) for station, at in zip((a, b, c), metres, strict=True))
    there = LinePath("28", "ida", latitudes, longitudes, metres, stops)
    back = replace(there, sentido="volta")
    network = replace(NETWORK, paths={("28", "ida"): there, ("28", "volta"): back})
    found = [trip for trip in planned(4, network=network).journeys() if linha(trip) == "28"]
    assert len(found) > 5
    assert sum(call.boarding.boarded for trip in found for call in journey(trip).calls) > 50


# -- kinds of days ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2025-06-05", Kind.WEEKDAY),
        ("2025-06-07", Kind.SATURDAY),
        ("2025-06-08", Kind.SUNDAY),
        ("2025-06-19", Kind.SUNDAY),
        ("2025-03-04", Kind.SUNDAY),
        ("2025-03-05", Kind.WEEKDAY),
        ("2025-04-18", Kind.SUNDAY),
        ("2025-01-20", Kind.SUNDAY),
        ("2026-11-20", Kind.SUNDAY),
    ],
    ids=[
        "Thursday",
        "Saturday",
        "Sunday",
        "Corpus Christi",
        "Carnival",
        "Ash Wednesday",
        "Good Friday",
        "20/1",
        "20/11",
    ],
)
def test_a_holiday_is_like_a_sunday(day: str, kind: Kind) -> None:
    assert kind_of(date.fromisoformat(day)) is kind


def test_easter_is_known() -> None:
    assert [easter(year) for year in (2000, 2024, 2025, 2026)] == [
        *(date(2000, 4, 23), date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)),
    ]


def test_a_holiday_has_the_departures_of_a_sunday() -> None:
    def departures(day: int) -> int:
        return sum(1 for _ in timetable(NETWORK, datetime(2025, 6, day, 6, tzinfo=timezone.utc), "1"))

    weekday, holiday, sunday = departures(18), departures(19), departures(22)
    assert holiday == pytest.approx(sunday, rel=0.02)
    assert sunday * 2 < weekday
