"""Reading the user's view against looking for the newest signals in the history."""

from __future__ import annotations

from collections.abc import Iterator

from tests.made_vehicles import NOON

from bench import rig
from bench.history import make_history, repeat_history
from bench.made_vehicles import Capture, Fleet
from bench.rig import Result, Took
from brt_watch import pipeline

SIGNALS_OF_A_DAY = 250_000
DAYS = 4
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


def view(days: int = DAYS) -> Iterator[Result]:
    """Read generate_view with N days of 250,000 signals in brt_raw, against DISTINCT ON over brt_raw."""
    ours: list[Took] = []
    plain: list[Took] = []
    with rig.folder() as data, rig.postgres() as server:
        resources = Capture(data, Fleet(), database_url=rig.new_database(server, "view")).resources
        with resources.store.connection() as connection:
            make_history(connection, SIGNALS_OF_A_DAY, NOON)
            pipeline.transform(resources)
            repeat_history(connection, days - 1)
            for _ in range(ROUNDS):
                ours.append(rig.timed(lambda: connection.execute("select * from generate_view").fetchall()))
                plain.append(rig.timed(lambda: connection.execute(PLAIN).fetchall()))
            vehicles = connection.execute("select count(*) as vehicles from generate_view").fetchone()
    signals = days * SIGNALS_OF_A_DAY
    note = f"{signals} signals of {vehicles and vehicles['vehicles']} vehicles; plain: DISTINCT ON over brt_raw"
    yield Result("view", "ms", rig.wall(ours), rig.wall(plain), note)
