"""A history of signals, made in the database: one a minute of each vehicle, back from a moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from bench.made_vehicles import VEHICLES

MAKE_WINDOW = """
insert into brt_window (
    capturer, "window", feed_url, code_version, first_tick, last_tick, polls, good_polls, captured_minutes, records,
    signals, conflicts, rejects
)
values ('history', 'history', '', '', %(until)s, %(until)s, 0, 0, 0, %(signals)s, %(signals)s, 0, 0)
returning load_id
"""

MAKE_MONTHS = """
select brt_ensure_month(month)
from
    generate_series(
        date_trunc('month', %(until)s - %(minutes)s * interval '1 minute', 'UTC'),
        %(until)s + interval '1 month',
        interval '1 month'
    ) as month
"""

MAKE_SIGNALS = """
insert into brt_raw (
    codigo, placa, linha, latitude, longitude, datahora, velocidade, sentido, trajeto, hodometro, direcao, ignicao,
    captured_at, capturer, tick, load_id
)
select
    (901000 + number %% %(vehicles)s)::text, null, '22', -23 + random() / 10, -43.4 + random() / 10, at, random() * 60,
    'volta', '22 - JARDIM OCEÂNICO X ALVORADA (PARADOR) [VOLTA]', number, number %% 360, 1,
    at + interval '20 seconds', 'history', at, %(load_id)s
from
    generate_series(0, %(signals)s - 1) as number
cross join lateral (
    select %(until)s - (%(signals)s - number) / %(vehicles)s * interval '1 minute' - interval '1 minute' as at
) as moment
"""


def make_history(connection: psycopg.Connection[Any], signals: int, until: datetime) -> None:
    """Put signals of the fleet into brt_raw, the newest of them before `until`."""
    values = {"signals": signals, "until": until, "vehicles": VEHICLES, "minutes": signals // VEHICLES + 2}
    with connection.transaction():
        connection.execute("set local time zone 'UTC'")
        found = connection.execute(MAKE_WINDOW, values).fetchone()
        connection.execute(MAKE_MONTHS, values)
        connection.execute(MAKE_SIGNALS, {**values, "load_id": found["load_id"] if found else 0})
    connection.commit()
    connection.autocommit = True
    connection.execute("vacuum analyze brt_raw")


REPEAT = """
insert into {table} ({columns})
select {values}
from {table}
cross join generate_series(1, %(days)s) as days (day)
where load_id > 0
"""

MOMENTS = {
    "brt_raw": ("datahora", "captured_at", "tick"),
    "gps_brt": ("timestamp_gps", "captured_at"),
}


def repeat_history(connection: psycopg.Connection[Any], days: int) -> None:
    """Repeat what is there (less than a day), and what was derived from it, on each of the `days` days before."""
    with connection.transaction():
        connection.execute("set local time zone 'UTC'")
        connection.execute(
            "select brt_ensure_month(min(datahora) - day * interval '1 day')"
            " from brt_raw cross join generate_series(1, %s) as day group by day",
            [days],
        )
        for table, moments in MOMENTS.items():
            values = dict.fromkeys(moments, "{} - day * interval '1 day'") | {"data": "{} - day", "load_id": "-day"}
            names = [column.name for column in connection.execute(f"select * from {table} limit 0").description or ()]
            told = [values.get(name, "{}").format(name) for name in names]
            statement = REPEAT.format(table=table, columns=", ".join(names), values=", ".join(told))
            connection.execute(statement, {"days": days})
    connection.commit()
    connection.autocommit = True
    connection.execute("vacuum analyze brt_raw, gps_brt")
