"""Captures that others made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn, track

from brt_watch import pipeline
from brt_watch.archive.importing import Import, Imported, is_table
from brt_watch.archive.tables import Table, preview
from brt_watch.cli.steps import Where
from brt_watch.cli.terminal import AsJson, err, load_resources, out, parse_time, plain, print_json, quietly

app = typer.Typer()


def _columns(texts: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts or ()]
    if wrong := [target for target, equals, name in pairs if not (target and equals and name)]:
        raise typer.BadParameter(f"write it as dataHora=timestamp_gps (at {wrong[0]!r})", param_hint="--column")
    return {target: name for target, _, name in pairs}


@app.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Tables (.csv, .parquet), recordings (.jsonl), answers (.json); also .gz.")
    ],
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="OURS=THEIRS",
            help="The column of the table that holds a column of the capture; + joins two: dataHora=date+time.",
        ),
    ] = None,
    utc: Annotated[
        list[str] | None,
        typer.Option(
            "--utc", metavar="COLUMN", help="A column of a table whose times without a zone are UTC instead of Rio's."
        ),
    ] = None,
    captured_at: Annotated[
        datetime | None,
        typer.Option(
            "--captured-at", parser=parse_time, metavar="TIME", help="When the answer in a .json arrived, with a zone."
        ),
    ] = None,
    into: Annotated[
        Where,
        typer.Option("--into", help="postgres: into Postgres and the lake; lake: only into the lake, which is faster."),
    ] = Where.POSTGRES,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be stored, and store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import captures that others made, each as a separate source (import-NAME), and load them. Safe to repeat.

    Recognised column names are those of the API and of published captures; --column maps others. Numbers may have
    decimal commas. Every row is stored, rejected with a reason, or a repeat of a signal. Without a column for the time
    of capture, it is estimated from the timestamps. The models follow with the next transform.
    """
    asked = _Asked(_columns(column), utc or [], captured_at, into is Where.LAKE, as_json)
    results = [(_show if dry_run else _store)(file, asked) for file in files]
    if as_json:
        print_json(results)


@dataclass(frozen=True)
class _Asked:
    """The options of an import."""

    columns: Mapping[str, str]
    utc: Sequence[str]
    captured_at: datetime | None
    to_lake: bool
    as_json: bool


def _read(file: Path) -> Import:
    with err.status(f"reading {file.name}"):
        return Import.of(file, load_resources())


def _show(file: Path, asked: _Asked) -> dict[str, Any]:
    """Show what would be stored."""
    source = _read(file)
    if is_table(file):
        return _show_table(source, asked)
    result = source.described(asked.captured_at)
    if not asked.as_json:
        out.print(plain(", ".join(f"{name} {value}" for name, value in result.items())))
    return result


def _store(file: Path, asked: _Asked) -> dict[str, Any]:
    """Write the windows of a file, unless an earlier run did, and load them."""
    source = _read(file)
    if source.known() is None:
        if is_table(file):
            _write_table(source, asked)
        else:
            for _ in track(source.write_answers(asked.captured_at), file.name, console=err, transient=True):
                pass
    imported = source.known()
    assert imported
    with quietly():
        windows = source.load(pipeline.load, asked.to_lake)
        loaded = list(track(windows, "loading", source.waiting(asked.to_lake), console=err, transient=True))
    result = {"source": source.capturer, **_outcome(imported, sum(each.signals for each in loaded))}
    if not asked.as_json:
        _say(source, imported, result)
    return result


def _write_table(source: Import, asked: _Asked) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(f"reading {source.file.name}", total=None)
        for done, rows in source.write_table(asked.columns, asked.utc):
            progress.update(task, description=source.file.name, completed=done, total=rows)


def _outcome(imported: Imported, stored: int) -> dict[str, Any]:
    return {
        "rows": imported.rows,
        "stored": stored,
        "repeats": imported.records - stored,
        "rejected": sum(imported.rejected.values()),
        "reasons": imported.rejected,
        "first": imported.first,
        "last": imported.last,
        "estimated": imported.is_estimated,
        "columns": imported.taken,
        "left_out": imported.left_out,
        "examples": imported.examples,
    }


def _say(source: Import, imported: Imported, result: dict[str, Any]) -> None:
    out.print(
        plain(
            f"{source.capturer}: {result['rows']:,} rows = {result['stored']:,} stored + {result['repeats']:,} repeats "
            f"+ {result['rejected']:,} rejected; captured {imported.first} to {imported.last}"
            + (" (estimated)" if imported.is_estimated else "")
        )
    )
    _say_columns(imported.taken, imported.left_out)
    for reason, count in imported.rejected.items():
        out.print(plain(f"  rejected {count:,}: {reason}"))
    for example in imported.examples:
        out.print(plain(f"  for example {example}"))


def _say_columns(taken: Mapping[str, str], left_out: Sequence[str]) -> None:
    renamed = [f"{target} from {name}" for target, name in taken.items() if target != name]
    if renamed:
        out.print(plain(f"  columns: {', '.join(renamed)}"))
    if left_out:
        out.print(plain(f"  left out, as repeating or derived from others: {', '.join(left_out)}"))


def _show_table(source: Import, asked: _Asked) -> dict[str, Any]:
    """Show the first rows of a table as they would be stored."""
    with err.status(f"reading {source.file.name}"), source.reading(asked.columns, asked.utc) as (table, database):
        rows = preview(database)
    if not asked.as_json:
        _say_table(source, table, rows)
    return {
        **{"source": source.capturer, "rows": table.rows, "rejected": table.rejected, "examples": table.examples},
        **{"columns": table.taken, "kept": table.kept, "left_out": table.left_out},
        **{"estimated": table.is_estimated, "preview": rows},
    }


def _say_table(source: Import, table: Table, rows: list[dict[str, Any]]) -> None:
    refused = sum(table.rejected.values())
    out.print(plain(f"{source.capturer}: {table.rows:,} rows, of which {refused:,} would be rejected"))
    _say_columns(table.taken, table.left_out)
    if table.is_estimated:
        out.print(plain("  captured_at: no column has it, so it is estimated from the timestamps"))
    if table.kept:
        out.print(plain(f"  kept in extra: {', '.join(table.kept)}"))
    for example in table.examples:
        out.print(plain(f"  for example {example}"))
    for number, row in enumerate(rows, 1):
        out.print(
            plain(f"  {number}: " + ", ".join(f"{name} {value}" for name, value in row.items() if value is not None))
        )
