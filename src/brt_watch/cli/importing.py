"""Captures of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from brt_watch.cli.terminal import AsJson, err, out, print_json, the_parts
from brt_watch.importing import bring_in, load_in, read_source

app = typer.Typer()


@app.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Recordings (.jsonl, .jsonl.gz) or tables of the city (.parquet).")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is in them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in captures of others, each as a source of its own (import-NAME), and load them. Twice is once.

    A line of a recording has captured_at and body, the API's answer. A table has the columns of the city's treated
    signals of 2022. The models follow with the next transform.
    """
    parts = the_parts()
    results: list[dict[str, Any]] = []
    for file in files:
        with err.status(f"reading {file.name}"):
            source = read_source(file)
        first, last = source.answers[0].captured_at, source.answers[-1].captured_at
        result: dict[str, Any] = {"source": f"import-{source.name}", "answers": len(source.answers)}
        result |= {"first": first.isoformat(), "last": last.isoformat()}
        if not dry_run:
            polls = track(bring_in(source, parts), file.name, len(source.answers), console=err, transient=True)
            new = list(polls)
            loaded = list(load_in(source, parts))
            result |= {"new": len(new), "failed": sum(not poll.status.is_good for poll in new)}
            result |= {name: sum(getattr(each, name) for each in loaded) for name in ("records", "signals", "rejects")}
        results.append(result)
        if not as_json:
            out.print(", ".join(f"{name} {value}" for name, value in result.items()))
    if as_json:
        print_json(results)
