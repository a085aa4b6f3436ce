from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from brt_watch.errors import NothingToScore
from brt_watch.resources import Resources
from brt_watch.simulate.score import Score, score
from brt_watch.store.connection import statement
from tests.integration.filled import Filled

NAMES = {
    "signals.recall", "direction.right", "trips.recall", "trips.precision", "trips.outside_silences.recall",
    "trips.in_silence.share", "trips.in_silence.recall", "trips.circular.share", "trips.circular.recall",
    "trips.partial.share", "trips.partial.recall", "trips.relabelled.share", "trips.relabelled.recall",
    "passages.recall", "passages.precision",
    "passages.arrival_error_s.p50", "passages.arrival_error_s.p90", "passages.departure_error_s.p50",
    "passages.departure_error_s.p90", "passages.interval_90_holds", "regularity.ewt_error_s",
    "regularity.ewt_error_p50_s", "regularity.ewt_error_settled_s", "regularity.interval_holds",
    "forecasts.transitapp", "forecasts.mbta", "forecasts.calitp", "forecasts.never_came", "forecasts.error_s.p50",
    "forecasts.interval_60_holds", "forecasts.wobble",
}  # fmt: skip
NAMES |= {f"plain.{name}" for name in NAMES if name.startswith(("trips", "passages", "regularity"))}
"""The output of `brt-watch score --json`, with names that scripts rely on."""

NEXT_WINDOW = (
    'insert into brt_window (capturer, "window", feed_url, code_version, first_tick, last_tick, polls, good_polls,'
    " captured_minutes, records, signals, conflicts, rejects)"
    " select 'later', \"window\", feed_url, code_version, first_tick, last_tick, 1, 1, 1, 0, 0, 0, 0 from brt_window"
)
NEXT_POLL = (
    "insert into brt_poll (capturer, tick, status, reason, detail, captured_at, body_sha256, raw, records, rejects,"
    " load_id)"
    " select 'later', tick, 'ok', '', '', captured_at + interval '10 minutes', '', '', 0, 0,"
    " (select max(load_id) from brt_window) from brt_poll where captured_at is not null order by tick desc limit 1"
)

IN_VIEW = "vehicles whose newest signal is in generate_view"


def share(scored: Score, name: str) -> float:
    (found,) = (each.share for each in scored.shares if each.name == name)
    assert found is not None
    return found


@pytest.mark.with_morning
def test_score_falls_with_lost_signals_and_names_invented_ones(
    morning: Filled, derived_morning: Filled, resources: Resources, make_database: Callable[[str], SecretStr]
) -> None:
    simulated = morning.into(resources)
    whole = score(simulated.settings)
    assert share(whole, "signals seen") > 0.9
    assert share(whole, "signals with the right line and direction, viagem") > 0.85
    assert whole.false_signals == 0
    assert [each.count for each in whole.shares if each.name == IN_VIEW] == [0], "the view is not derived yet"

    make_database(derived_morning.database)
    derived = score(simulated.settings)
    assert share(derived, IN_VIEW) > 0.95
    assert derived.p95_behind_seconds < 30
    on_trip = "signals of gps_brt on a trip"
    assert share(derived, f"{on_trip} with the right direction") > 0.95
    assert share(derived, f"{on_trip} with the right status") > 0.9
    assert share(derived, f"{on_trip} on their path") > 0.9
    assert derived.median_error_m < 5
    assert derived.p95_error_m < 30

    figures = dict(derived.figures())
    assert set(figures) == NAMES
    recall = figures["passages.recall"]
    assert recall is not None
    assert recall > 0.6, "most trips of a quarter of an hour are cut by its ends"

    # A simulation that is started again writes the trips that are under way a second time.
    (first,) = (simulated.settings.folder / "truth").iterdir()
    again = shutil.copytree(first, first.with_name("again"))
    assert score(simulated.settings).subjects == derived.subjects
    shutil.rmtree(again)

    with simulated.store.connection() as connection:
        # A later poll that no run of the models has seen.
        connection.execute(NEXT_WINDOW)
        connection.execute(NEXT_POLL)
    later = score(simulated.settings)
    assert later.subjects["trips"] == derived.subjects["trips"]
    assert later.subjects["passages"] == derived.subjects["passages"]

    with simulated.store.connection() as connection:
        connection.execute("delete from brt_poll where capturer = 'later'")
        # Every tenth signal is lost, and one was never sent.
        connection.execute("delete from brt_raw where hashtext(codigo || datahora::text) % 10 = 0")
        connection.execute(
            "update brt_raw set datahora = datahora + interval '1 second' where (datahora, codigo) ="
            " (select datahora, codigo from brt_raw order by captured_at desc, codigo limit 1)"
        )
    lost = score(simulated.settings)
    assert share(lost, "signals seen") == pytest.approx(share(whole, "signals seen") * 0.9, abs=0.02)
    assert lost.false_signals == 1


PLAIN = """
create temporary table int_rede__estacoes as
select
    '10' as linha, 'ida' as sentido, 2 as ordem, 2 as estacoes, 'B' as estacao_id, 5000.0 as distancia_m,
    date '2026-01-01' as primeiro_dia, date '2026-12-31' as ultimo_dia;
create temporary table gps_brt as
select
    '901001' as id_veiculo, '10' as servico, 'ida' as sentido_informado, 5.0 as desvio_ida_m, 5.0 as desvio_volta_m,
    timestamptz '2026-03-24 12:00+00' + make_interval(mins => minute) as timestamp_gps,
    speed as velocidade_instantanea, metres as distancia_ida_m, 0.0 as distancia_volta_m
from (values (0, 0, 100.0), (10, 0, 100.0), (12, 40, 1000.0), (20, 40, 4900.0), (21, 0, 4990.0), (30, 0, 4990.0))
    as signals (minute, speed, metres)
"""
"""A bus with the label of its trip that waits 10 minutes before the departure and 9 after the arrival."""


def test_the_plain_way_leaves_out_the_waits_at_terminals(resources: Resources) -> None:
    with resources.store.connection() as connection:
        connection.execute(PLAIN)
        connection.execute(statement("score_plain"))
        (trip,) = connection.execute("select partida, chegada from viagens").fetchall()
    assert (trip["partida"].minute, trip["chegada"].minute) == (10, 21)


def test_without_a_simulation_there_is_nothing_to_score(resources: Resources) -> None:
    with pytest.raises(NothingToScore, match="no truth"):
        score(resources.settings)
