"""The trips of a string-line come from the marts and from the live models, each once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from brt_watch.web.stringline import Track, bunched_share, median_headway, merged, tracks
from brt_watch.web.stringline import shown as as_shown

NOON = datetime(2026, 11, 24, 15, 0, tzinfo=timezone.utc)


def track(codigo: str, begin: int, end: int, at: float = 0.0) -> Track:
    """Return a trip between two minutes, its points `at` a distance."""
    moments = [NOON + timedelta(minutes=minute) for minute in (begin, end)]
    return Track(codigo, moments[0], moments[1], [(moment.timestamp(), at, 30.0) for moment in moments])


def shown(marts: list[Track], live: list[Track], since: int) -> list[tuple[str, int, float]]:
    found = as_shown(merged(marts, live, NOON + timedelta(minutes=since)))
    return [(each.codigo, each.viagem, each.pontos[0][1]) for each in found]


def test_a_trip_that_both_know_is_drawn_as_the_live_one() -> None:
    mart, live = [track("a", 0, 20, 1.0), track("a", 30, 40, 2.0)], [track("a", 30, 44, 3.0), track("b", 30, 44, 4.0)]
    assert shown(mart, live, since=25) == [("a", 1, 1.0), ("a", 2, 3.0), ("b", 1, 4.0)]


def test_a_live_trip_without_its_beginning_gives_way_to_the_mart() -> None:
    cut = track("a", 10, 40, 3.0)
    assert shown([track("a", 0, 40, 1.0)], [cut], since=12) == [("a", 1, 1.0)]
    assert shown([track("b", 0, 40, 1.0)], [cut], since=12) == [("a", 1, 3.0), ("b", 1, 1.0)]


def test_rows_of_a_trip_become_its_points() -> None:
    def row(trip: str, second: int, metres: float) -> dict[str, object]:
        moment = NOON + timedelta(seconds=second)
        return {"id_viagem": trip, "codigo": "a", "partida": NOON, "chegada": NOON + timedelta(minutes=1),
                "momento": moment, "metros": metres, "velocidade": None}  # fmt: skip

    (found,) = tracks([row("one", 0, 0.0), row("one", 20, 100.0), row("of a single signal", 90, 0.0)])
    assert found.pontos == [(NOON.timestamp(), 0.0, None), (NOON.timestamp() + 20, 100.0, None)]


def test_a_trip_is_bunched_from_a_station_to_the_next() -> None:
    """As its headway there is in `intervalos`; unknown headways and those without a plan say nothing."""

    def left(minute: int, until: int | None, seconds: float | None, bunched: bool | None) -> dict[str, object]:
        ate = None if until is None else NOON + timedelta(minutes=until)
        return {"id_viagem": "one", "partida": NOON + timedelta(minutes=minute), "ate": ate,
                "intervalo_segundos": seconds, "comboio": bunched}  # fmt: skip

    rows = [
        {"id_viagem": "one", "codigo": "a", "partida": NOON, "chegada": NOON + timedelta(minutes=30),
         "momento": NOON + timedelta(minutes=minute), "metros": 0.0, "velocidade": None}
        for minute in (0, 30)
    ]  # fmt: skip
    headways = [
        *(left(0, 5, 60.0, True), left(5, 10, 70.0, True), left(10, 15, 600.0, False)),
        *(left(15, 20, None, None), left(20, 25, 80.0, None), left(25, None, 90.0, True)),
    ]
    (found,) = tracks(rows, headways)
    minutes = [[(second - NOON.timestamp()) / 60 for second in part] for part in found.bunched]
    assert minutes == [[0, 10], [25, 30]]
    assert (median_headway([found]), bunched_share([found])) == (80.0, 0.75)
    assert (median_headway([track("a", 0, 20)]), bunched_share([track("a", 0, 20)])) == (None, None)
