"""The archive: loaded windows, kept, and how the database is compared with them and made again from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from brt_watch.archive.windows import drop_csv, drop_raw, has_raw, has_some_raw, remake
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.poll import read_answer
from brt_watch.capture.recovery import recovery_of
from brt_watch.capture.window import has_csv, started_at
from brt_watch.errors import DamagedWindow
from brt_watch.resources import Resources
from brt_watch.store.load import Loaded

log = structlog.get_logger()

NOTHING_LEFT = "neither its raw answers nor its CSV are there any more"


@dataclass(frozen=True)
class Tidied:
    """What tidying the archive did, or would do: the names of windows, and the bytes that were freed."""

    raw_dropped: list[str]
    csv_dropped: list[str]
    freed_bytes: int


def tidy(resources: Resources, dry_run: bool = False) -> Tidied:
    """Delete what is older than the settings want it kept."""
    raw = _due(resources, resources.settings.keep_raw_days, has_some_raw)
    csv = _due(resources, resources.settings.keep_csv_days, has_csv)
    freed = 0
    if not dry_run:
        freed = sum(map(drop_raw, raw)) + sum(map(drop_csv, csv))
        log.info("archive", raw_dropped=len(raw), csv_dropped=len(csv), freed_bytes=freed)
    return Tidied([folder.name for folder in raw], [folder.name for folder in csv], freed)


def _due(resources: Resources, days: int, has_some: Callable[[Path], bool]) -> list[Path]:
    """Return the archived windows older than so many days that still have some of it, oldest first; 0 keeps all."""
    due: list[Path] = []
    until = resources.clock.now() - timedelta(days=days)
    for month in resources.files.archived_months(until) if days else []:
        old = [folder for folder in month if started_at(folder) < until]
        left = [folder for folder in old if has_some(folder)]
        due = left + due
        # It is deleted oldest first: before a month in which nothing is left there is nothing left.
        if old and not left:
            break
    return due


def windows_to_rebuild(resources: Resources, since: datetime | None) -> list[Path]:
    """Return the archived windows, oldest first, that began at `since` or later."""
    own, recovered = resources.files.archived(), recovery_of(resources).files.archived()
    return [folder for folder in own + recovered if since is None or started_at(folder) >= since]


def rebuild(folder: Path, resources: Resources, from_raw: bool) -> Loaded:
    """Load an archived window instead of what the database has of it; raises DamagedWindow, and all stays as it was.

    From raw, if its raw answers are there, its records are read anew from the answers as they were received, and its
    files written anew: so a change of the rules reaches the past. So they are when the CSV was deleted. There is no
    moment at which the database lacks the window.
    """
    started = time.perf_counter()
    from_csv = has_csv(folder)
    from_raw = (from_raw or not from_csv) and has_raw(folder)
    if not from_raw and not from_csv:
        raise DamagedWindow(folder=folder, difference=NOTHING_LEFT)
    manifest = remake(folder, read_answer) if from_raw else read_manifest(folder)
    loaded = resources.store.load_window(folder, manifest, instead=True)
    log.info("rebuild", **loaded.as_dict(), from_raw=from_raw, seconds=round(time.perf_counter() - started, 3))
    return loaded


def verify(resources: Resources) -> list[str]:
    """Compare the archive with itself and with the database; returns a sentence for each difference."""
    recovered = recovery_of(resources).files
    both = [resources.files, recovered] if recovered.data.exists() else [resources.files]
    return [difference for files in both for difference in _verify(files, resources)]


def _verify(files: CaptureFiles, resources: Resources) -> list[str]:
    # The archive first: what lies in it is in the database already, while loads go on.
    archived = files.archived()
    in_database = resources.store.windows(files.capturer)
    differences: list[str] = []
    for folder in archived:
        differences += _differences(folder, in_database.pop(folder.name, None))
    # A window that was loaded meanwhile is here, or will be.
    still_here = {folder.name for folder in files.newest_first()}
    lost = [window for window in in_database if window not in still_here]
    return differences + [f"{window}: it is in the database, and not in the archive" for window in lost]


def _differences(folder: Path, loaded: dict[str, int] | None) -> Iterator[str]:
    try:
        manifest = read_manifest(folder, missing_ok=True)
    except DamagedWindow as damage:
        yield f"{folder.name}: {damage.details['difference']}"
        return
    if not has_raw(folder) and not has_csv(folder):
        yield f"{folder.name}: {NOTHING_LEFT}; it cannot be rebuilt"
    if loaded is None:
        yield f"{folder.name}: it is in the archive, and not in the database"
        return
    for name in ("polls", "records", "rejects"):
        on_disk, there = getattr(manifest, name), loaded[f"{name}_there"]
        if not on_disk == loaded[name] == there:
            yield f"{folder.name}: {on_disk} {name} on the disk, {loaded[name]} loaded, {there} in the database now"
    if loaded["signals"] != loaded["signals_there"]:
        there = loaded["signals_there"]
        yield f"{folder.name}: {loaded['signals']} signals loaded, {there} in the database now"
