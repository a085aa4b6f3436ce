"""The reference files of the network."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from brt_watch.cli.terminal import AsJson, err, load_resources, out, plain, print_json
from brt_watch.feeds.brt import AGENCY
from brt_watch.network import SEEDS, read_network, seeds
from brt_watch.network.tables import tables_of

app = typer.Typer(
    no_args_is_help=True,
    help="Stations, lines and paths: the reference files in transform/dbt/seeds.",
)


@app.command("show")
def show_network(
    folder: Annotated[Path, typer.Option("--from", help="The folder of the reference files.")] = SEEDS,
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="The network valid on this day.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the lines: service, hours on a weekday, and length, stations and points of each direction."""
    known = read_network(folder, day.date() if day else None)
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
    source: Annotated[Path, typer.Argument(metavar="GTFS.zip", help="A GTFS: a .zip, or a folder of its files.")],
    into: Annotated[Path, typer.Option("--into", help="The folder of the reference files.")] = SEEDS,
    agency: Annotated[str, typer.Option("--agency", help="Take the routes of this agency_id.")] = AGENCY.agency_id,
    routes: Annotated[
        str, typer.Option("--routes", help="Take only the routes with these short names: 10,11,22.")
    ] = "",
    valid_from: Annotated[
        datetime | None,
        typer.Option("--valid-from", formats=["%Y-%m-%d"], help="First day of the plan; by default that of the GTFS."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a version of the lines from a GTFS, and show how it differs from the network valid on its first day.

    Unchanged lines keep their version. Lines missing from the GTFS end the day before, unless --routes names some.
    Garages and spellings of trajeto are not part of a GTFS and stay. Nothing is written unless everything is valid.
    """
    names = [name.strip() for name in routes.split(",") if name.strip()]
    with seeds.base_of(into) as known:
        tables = tables_of(source, known, agency, names, valid_from.date() if valid_from else None)
    difference = (seeds.compare if dry_run else seeds.add)(tables, into, whole=not names)
    _show(difference, as_json)
    if not as_json:
        day = tables["linhas"][0]["valido_desde"]
        out.print(f"nothing was written; the plan is valid from {day}" if dry_run else f"written: valid from {day}")


@app.command("learn")
def learn_network(
    linha: Annotated[str, typer.Argument(metavar="LINE", help="The line, as the feed labels it: 67.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Captures in any format that import reads; by default all windows on disk."),
    ] = None,
    database: Annotated[bool, typer.Option("--database", help="Read the signals from Postgres.")] = False,
    utc: Annotated[
        list[str] | None, typer.Option("--utc", metavar="COLUMN", help="A column of a .csv whose times are UTC.")
    ] = None,
    ends: Annotated[
        str,
        typer.Option("--ends", help="Where ida begins and ends, as stations or positions: TOCGD,-22.8537/-43.3844."),
    ] = "",
    known: Annotated[Path, typer.Option("--from", help="The folder of the reference files.")] = SEEDS,
    into: Annotated[Path | None, typer.Option("--into", help="The file to write; by default LINE.geojson.")] = None,
    as_json: AsJson = False,
) -> None:
    """Learn the path and the stations of a line from its signals, and write a proposal for network accept.

    The proposal is GeoJSON, for any map. Each path has the number of its signals and vehicles, each station the number
    of signals that stand still there; `para` is true where the line stops, and null where too few signals show it: set
    it to true or false before you accept.
    """
    # Imported here: every command would take a tenth longer to start.
    from brt_watch.cli.line_signals import signals_in_database, signals_in_files, windows_of
    from brt_watch.network.proposals import parse_ends, propose
    from brt_watch.transform.compiled import project_vars

    with err.status(f"reading the signals of line {linha}"):
        if database:
            seen = signals_in_database(load_resources().store, linha)
        else:
            seen = signals_in_files(files or windows_of(load_resources().settings.folder), linha, utc or ())
        stopped_kmh: float = project_vars()["velocidade_limiar_parado_kmh"]
        proposal = propose(linha, seen, known, stopped_kmh, parse_ends(ends, known) if ends else None)
    file = into or Path(f"{linha}.geojson")
    file.write_text(json.dumps(proposal, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    paths = [each["properties"] for each in proposal["features"] if each["geometry"]["type"] == "LineString"]
    if as_json:
        print_json({"file": str(file), "signals": len(seen), "paths": paths})
        return
    for path in paths:
        out.print(
            f"{path['sentido']}: {path['sinais']} signals of {path['veiculos']} vehicles, {path['desvio_mediano_m']} m "
            f"from the path at the median, longest gap {path['maior_lacuna_m']} m"
        )
    out.print(f"written: {file}; look at it, then: brt-watch network accept {file}")


@app.command("accept")
def accept_network(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A proposal of network learn, edited or not.")],
    into: Annotated[Path, typer.Option("--into", help="The folder of the reference files.")] = SEEDS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add the paths of a proposal to the reference files, as a version of the line from its `valido_desde` on."""
    from brt_watch.network.proposals import accepted, read_proposal

    tables = accepted(read_proposal(file), into)
    _show((seeds.compare if dry_run else seeds.add)(tables, into, whole=False), as_json)


def _show(difference: seeds.Difference, as_json: bool) -> None:
    if as_json:
        print_json(difference.__dict__)
        return
    for what, changed in difference.__dict__.items():
        if isinstance(changed, dict):
            changed = [f"{name} ({metres:.0f} m)" for name, metres in changed.items()]
        out.print(f"{what.replace('_', ' ')}: {len(changed)}" + "".join(f"\n  {plain(name)}" for name in changed))
