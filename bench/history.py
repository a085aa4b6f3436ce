"""A history of signals, made in the database: one a minute of each vehicle, back from a moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from bench.fleet import VEHICLES

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
