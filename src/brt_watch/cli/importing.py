"""Captures of others."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from brt_watch.archive.importing import bring_in, load_in
from brt_watch.archive.sources import read_source
from brt_watch.cli.terminal import AsJson, err, load_resources, out, print_json
from brt_watch.clock import parse_moment

app = typer.Typer()


def _moment(text: str) -> datetime:
    try:
        return parse_moment(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Recordings (.jsonl), answers (.json), tables (.csv, .parquet); also .gz.")
    ],
    captured_at: Annotated[
        datetime | None,
        typer.Option(
            "--captured-at", parser=_moment, metavar="TIME", help="When the answer of a .json came, with its zone."
        ),
    ] = None,
    utc: Annotated[
        list[str] | None,
        typer.Option("--utc", metavar="COLUMN", help="A column of a .csv with UTC; others without a zone are of Rio."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is in them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in captures of others, each as a source of its own (import-NAME), and load them. Twice is once.

    A line of a recording has captured_at and body, the API's answer. A .json is one answer. A .csv has the API's names
    as columns, and captured_at or timestamp; or those of the vendor of the devices. A .parquet has the columns of the
    city's treated signals of 2022. Without a moment of capture that is estimated, from the newest stamps. The models
    follow with the next transform.
    """
    resources = load_resources()
    results: list[dict[str, Any]] = []
    for file in files:
        with err.status(f"reading {file.name}"):
            source = read_source(file, captured_at, utc or ())
        first, last = source.answers[0].captured_at, source.answers[-1].captured_at
        result: dict[str, Any] = {"source": f"import-{source.name}", "answers": len(source.answers)}
        result |= {"first": first.isoformat(), "last": last.isoformat(), "estimated": source.is_estimated}
        if not dry_run:
            polls = track(bring_in(source, resources), file.name, len(source.answers), console=err, transient=True)
            new, failed, reasons = 0, 0, Counter[str]()
            for poll, parsed in polls:
                new += 1
                failed += not poll.status.is_good
                reasons.update(reject.reason for reject in (parsed.rejects if parsed else ()))
            loaded = list(load_in(source, resources))
            result |= {"new": new, "failed": failed, "reasons": dict(reasons)}
            result |= {name: sum(getattr(each, name) for each in loaded) for name in ("records", "signals", "rejects")}
        results.append(result)
        if not as_json:
            out.print(", ".join(f"{name} {value}" for name, value in result.items()))
    if as_json:
        print_json(results)
