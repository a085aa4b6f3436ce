"""Reading the user's view against looking for the newest signals in the history."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fleet import NOON

from bench import rig
from bench.fleet import Capture, Fleet
from bench.history import make_history
from bench.rig import Result, Took
from brt_watch import pipeline

SIGNALS = 1_000_000
ROUNDS = 5

PLAIN = """
select distinct on (codigo)
    codigo,
    latitude,
    longitude,
    velocidade,
    datahora
from brt_raw
order by codigo, datahora desc
"""


def view(signals: int = SIGNALS) -> Iterator[Result]:
    """Read generate_view with N signals in brt_raw, against DISTINCT ON over brt_raw."""
    ours: list[Took] = []
    plain: list[Took] = []
    with rig.folder() as data, rig.postgres() as server:
        parts = Capture(data, Fleet(), database_url=rig.new_database(server, "view")).parts
        with parts.store.connection() as connection:
            make_history(connection, signals, NOON)
            pipeline.transform(parts)
            for _ in range(ROUNDS):
                ours.append(rig.timed(lambda: connection.execute("select * from generate_view").fetchall()))
                plain.append(rig.timed(lambda: connection.execute(PLAIN).fetchall()))
            vehicles = connection.execute("select count(*) as vehicles from generate_view").fetchone()
    note = f"{signals} signals of {vehicles and vehicles['vehicles']} vehicles; plain: DISTINCT ON over brt_raw"
    yield Result("view", "ms", rig.wall(ours), rig.wall(plain), note)
