"""The archive: loaded windows, kept, and how the database is compared with them and made again from them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from brt_watch.errors import DamagedWindow
from brt_watch.pipeline import Parts, understand
from brt_watch.store import Loaded
from brt_watch.window import drop, has_csv, has_raw, is_packed, pack, read_manifest, remake, started_at

log = structlog.get_logger()


@dataclass(frozen=True)
class Tidied:
    """What tidying the archive did, or would do: the names of windows, and the bytes that were freed."""

    packed: list[str]
    raw_dropped: list[str]
    csv_dropped: list[str]
    freed_bytes: int


def tidy(parts: Parts, dry_run: bool = False) -> Tidied:
    """Pack what an interrupted load left unpacked, and delete what is older than the settings want it kept."""
    now, settings = parts.clock.now(), parts.settings
    packed, raw_dropped, csv_dropped, freed = [], [], [], 0
    for folder in parts.files.archived():
        age = now - started_at(folder)
        raw = 0 < settings.keep_raw_days < age / timedelta(days=1) and has_raw(folder)
        csv = 0 < settings.keep_csv_days < age / timedelta(days=1) and has_csv(folder)
        packed += [] if is_packed(folder) else [folder.name]
        raw_dropped += [folder.name] if raw else []
        csv_dropped += [folder.name] if csv else []
        if not dry_run:
            pack(folder)
            freed += drop(folder, raw, csv)
    if not dry_run:
        counts = {"packed": len(packed), "raw_dropped": len(raw_dropped), "csv_dropped": len(csv_dropped)}
        log.info("archive", **counts, freed_bytes=freed)
    return Tidied(packed, raw_dropped, csv_dropped, freed)


def windows_to_rebuild(parts: Parts, since: datetime | None) -> list[Path]:
    """Return the archived windows, oldest first, that began at `since` or later."""
    return [folder for folder in parts.files.archived() if since is None or started_at(folder) >= since]


def rebuild(folder: Path, parts: Parts, from_raw: bool) -> Loaded:
    """Load an archived window instead of what the database has of it.

    From raw, its records are read anew from the answers as they were received, and its files written anew: so a
    change of the rules reaches the past. There is no moment at which the database lacks the window.
    """
    started = time.perf_counter()
    manifest = remake(folder, understand) if from_raw else read_manifest(folder)
    loaded = parts.store.load_window(folder, manifest, instead=True)
    log.info("rebuild", **loaded.as_dict(), from_raw=from_raw, seconds=round(time.perf_counter() - started, 3))
    return loaded


def verify(parts: Parts) -> list[str]:
    """Compare the archive with itself and with the database; returns a sentence for each difference."""
    in_database = parts.store.windows(parts.files.capturer)
    differences: list[str] = []
    for folder in parts.files.archived():
        differences += _differences(folder, in_database.pop(folder.name, None))
    return differences + [f"{window}: it is in the database, and not in the archive" for window in in_database]


def _differences(folder: Path, loaded: dict[str, int] | None) -> Iterator[str]:
    try:
        manifest = read_manifest(folder, missing_ok=True)
    except DamagedWindow as damage:
        yield f"{folder.name}: {damage.details['difference']}"
        return
    if not has_raw(folder) and not has_csv(folder):
        yield f"{folder.name}: neither its raw answers nor its CSV are there any more; it cannot be rebuilt"
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
