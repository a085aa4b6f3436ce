"""Prune the archive: delete files older than the settings allow, once the lake is proven to have their data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path

import structlog

from brt_watch.archive.origins import files_of
from brt_watch.archive.windows import drop_csv, drop_raw, has_some_raw
from brt_watch.capture.manifest import Manifest, read_manifest
from brt_watch.capture.window import has_csv, started_at
from brt_watch.errors import DamagedWindow
from brt_watch.resources import Resources

log = structlog.get_logger()


@dataclass(frozen=True)
class Pruned:
    """The result of pruning, or of a dry run: the names of windows, and the freed bytes."""

    raw_dropped: list[str]
    csv_dropped: list[str]
    freed_bytes: int
    kept: list[str] = field(default_factory=list)
    """A sentence for each window old enough to delete that stays because the lake is not proven to have it."""


def prune_feeds(resources: Resources, dry_run: bool = False) -> Pruned:
    """Prune the archive of every feed."""
    done = [prune(each, dry_run) for each in resources.feeds]
    return Pruned(
        [name for each in done for name in each.raw_dropped],
        [name for each in done for name in each.csv_dropped],
        sum(each.freed_bytes for each in done),
        [sentence for each in done for sentence in each.kept],
    )


def prune(resources: Resources, dry_run: bool = False) -> Pruned:
    """Delete raw answers and CSV older than the settings allow, of windows that the lake has.

    Captured, recovered and imported windows alike; the age is that of the capture, also where others made it. Windows
    older than the lake are added to it first. Each is read and compared, signal by signal, before any of its
    files is deleted. Without a CSV the raw answers may be the last copy: the lake must have all signals it brought.
    """
    raw = _due(resources, resources.settings.keep_raw_days, has_some_raw)
    csv = _due(resources, resources.settings.keep_csv_days, has_csv)
    if dry_run:
        return Pruned([folder.name for folder in raw], [folder.name for folder in csv], 0)
    in_lake = cache(resources.lake.windows)
    unproven = {
        folder: problem for folder in sorted({*raw, *csv}) if (problem := _unproven(folder, resources, in_lake))
    }
    raw, csv = ([folder for folder in due if folder not in unproven] for due in (raw, csv))
    freed = sum(map(drop_raw, raw)) + sum(map(drop_csv, csv))
    kept = [f"{folder.name}: {problem}" for folder, problem in unproven.items()]
    log.info("archive", raw_dropped=len(raw), csv_dropped=len(csv), freed_bytes=freed, kept=kept)
    return Pruned([folder.name for folder in raw], [folder.name for folder in csv], freed, kept)


Windows = Callable[[str], dict[str, dict[str, int]]]
"""The windows of a capturer in the lake, with their counts."""


def _unproven(folder: Path, resources: Resources, in_lake: Windows) -> str:
    """Return why a window is not proven to be in the lake, "" when it is."""
    try:
        manifest = read_manifest(folder, missing_ok=True)
        if not has_csv(folder):
            return _lost(manifest, in_lake(manifest.capturer).get(manifest.window))
        resources.lake.add(folder, manifest)
        missing = resources.lake.missing(folder, manifest)
    except DamagedWindow as damage:
        return str(damage.details["difference"])
    return f"the lake lacks {missing} of its signals" if missing else ""


def _lost(manifest: Manifest, counts: dict[str, int] | None) -> str:
    """Return what the lake lost of a window whose signals were compared when its CSV was deleted, "" if nothing."""
    if counts is None or counts["polls"] != manifest.polls:
        return "the lake does not have it, and its CSV is gone"
    signals, there = counts["signals"], counts["signals_there"]
    return "" if signals == there else f"the lake has {there} of the {signals} signals it brought, and its CSV is gone"


def _due(resources: Resources, days: int, has_some: Callable[[Path], bool]) -> list[Path]:
    """Return the archived windows older than `days` that still have such files, by source, oldest first; 0: none."""
    due: list[Path] = []
    until = resources.clock.now() - timedelta(days=days)
    for files in files_of(resources) if days else []:
        of_source: list[Path] = []
        for month in files.archived_months(until):
            old = [folder for folder in month if started_at(folder) < until]
            left = [folder for folder in old if has_some(folder)]
            of_source = left + of_source
            # Files are deleted oldest first: before a month without any there are none.
            if old and not left:
                break
        due += of_source
    return due
