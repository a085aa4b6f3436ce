"""How far the matching of further feeds agrees with ours."""

from __future__ import annotations

from typing import Any

import psycopg
import typer
from rich.table import Table

from brt_watch.cli.report import ServiceDay
from brt_watch.cli.terminal import AsJson, load_resources, out, plain, print_json
from brt_watch.errors import NotDerived
from brt_watch.store.connection import statement

app = typer.Typer()

MODEL = "concordancia_por_feed"


@app.command()
def agreement(day: ServiceDay, as_json: AsJson = False) -> None:
    """Compare the trips that further feeds name with ours, by feed, line and hour of a service day (03:00 to 03:00)."""
    with load_resources().store.connection() as connection:
        try:
            rows = connection.execute(statement("agreement"), {"day": day}).fetchall()
        except psycopg.errors.UndefinedTable as error:
            raise NotDerived(model=MODEL) from error
    if as_json:
        print_json({"day": day, "rows": rows})
        return
    if not rows:
        out.print(f"no signal of a further feed lies within a trip that was found on {day}")
        return
    table = Table("feed", "line", "hour", "signals", "trips", "same line", "same direction", "same trip", box=None)
    for row in rows:
        table.add_row(
            plain(row["feed"]),
            plain(row["linha"]),
            str(row["hora_operacao"]),
            f"{row['sinais']:,}",
            f"{row['viagens']:,}",
            *(_share(row, of, among) for of, among in SHARES),
        )
    out.print(table)
    out.print(
        "The matching of an operator is a label, not the truth: where the two differ, neither is known to be wrong."
    )


SHARES = (
    ("sinais_mesma_linha", "sinais_com_linha"),
    ("sinais_mesmo_sentido", "sinais_com_sentido"),
    ("sinais_mesma_viagem", "sinais_com_viagem"),
)


def _share(row: dict[str, Any], of: str, among: str) -> str:
    return f"{100 * row[of] / row[among]:.0f} %" if row[among] else "-"
