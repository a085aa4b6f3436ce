"""The trips of a string-line come from the marts and from the live models, each once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from brt_watch.web.stringline import Track, merged, tracks

NOON = datetime(2026, 11, 24, 15, 0, tzinfo=timezone.utc)


def track(codigo: str, begin: int, end: int, at: float = 0.0) -> Track:
    """Return a trip between two minutes, its points `at` a distance."""
    moments = [NOON + timedelta(minutes=minute) for minute in (begin, end)]
    return Track(codigo, moments[0], moments[1], [(moment.timestamp(), at, 30.0) for moment in moments])


def shown(marts: list[Track], live: list[Track], since: int) -> list[tuple[str, int, float]]:
    found = merged(marts, live, NOON + timedelta(minutes=since))
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
