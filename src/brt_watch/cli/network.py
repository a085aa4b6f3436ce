"""The reference files of the network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from brt_watch.cli.terminal import AsJson, out, plain, print_json
from brt_watch.network import SEEDS, gtfs, read_network, seeds
from brt_watch.network.tables import tables_of

app = typer.Typer(
    no_args_is_help=True,
    help="The stations, lines and paths of the BRT: the files in transform/dbt/seeds.",
)


@app.command("show")
def show_network(
    folder: Annotated[Path, typer.Option("--from", help="The folder of the reference files.")] = SEEDS,
    as_json: AsJson = False,
) -> None:
    """List the lines: service, hours on a weekday, length, stations and points of each direction."""
    known = read_network(folder)
    rows = []
    for linha, line in known.lines.items():
        paths = [known.paths[key] for key in ((linha, "ida"), (linha, "volta")) if key in known.paths]
        rows.append(
            {
                "linha": linha,
                "nome": line.nome,
                "servico": line.servico,
                "inicio": seeds.clock_text(line.inicio_s),
                "fim": seeds.clock_text(line.fim_s),
                "km": [round(path.length_m / 1000, 1) for path in paths],
                "estacoes": [len(path.stops) for path in paths],
                "pontos": [len(path.metres) for path in paths],
            }
        )
    counts = {
        "stations": len(known.stations),
        "lines": len(known.lines),
        "paths": len(known.paths),
        "points": sum(len(path.metres) for path in known.paths.values()),
        "garages": len(known.garages),
        "trajetos": sum(len(names) for names in known.trajetos.values()),
    }
    if as_json:
        print_json({"lines": rows, "counts": counts})
        return
    table = Table(*(rows[0] if rows else ()), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(" ".join(map(str, cell)) if isinstance(cell, list) else str(cell) for cell in row.values()))
    out.print(table)
    out.print(", ".join(f"{count} {name}" for name, count in counts.items()))


@app.command("import")
def import_network(
    source: Annotated[Path, typer.Argument(metavar="GTFS.zip", help="A GTFS of the city: a .zip, or its folder.")],
    into: Annotated[Path, typer.Option("--into", help="The folder of the reference files.")] = SEEDS,
    agency: Annotated[str, typer.Option("--agency", help="The agency_id whose routes are taken.")] = gtfs.BRT_AGENCY,
    routes: Annotated[
        str, typer.Option("--routes", help="Take the routes of these short names instead: 10,11,22.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the stations, lines, headways and paths anew from a GTFS; what it does not have is no longer there after.

    Garages and the names of trajetos are not in a GTFS, and stay. Nothing is written unless everything is good.
    """
    names = [name.strip() for name in routes.split(",") if name.strip()]
    tables = tables_of(source, seeds.base_of(into), agency, names)
    difference = seeds.compare(tables, into) if dry_run else seeds.replace(tables, into)
    if as_json:
        print_json(difference.__dict__)
        return
    for what, changed in difference.__dict__.items():
        if isinstance(changed, dict):
            changed = [f"{name} ({metres:+.0f} m)" for name, metres in changed.items()]
        out.print(f"{what.replace('_', ' ')}: {len(changed)}" + "".join(f"\n  {plain(name)}" for name in changed))
    lines = ", ".join(f"{len(rows)} lines in {name}.csv" for name, rows in tables.items())
    out.print(f"nothing was written; it would be {lines}" if dry_run else f"written: {lines}")
