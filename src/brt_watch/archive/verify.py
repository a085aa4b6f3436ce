"""Compare the archived windows with the database and the lake, and these two with each other."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from brt_watch.archive.origins import files_of, is_lake_only
from brt_watch.archive.windows import has_raw
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.window import has_csv
from brt_watch.errors import DamagedWindow
from brt_watch.resources import Resources

Sums = dict[str, tuple[int, str]]
"""Rows and checksum of each service day."""

LAKE_BUILD = "brt-watch lake build"

NOTHING_LEFT = "neither its raw answers nor its CSV are there any more"


def verify(resources: Resources) -> list[str]:
    """Compare windows, database and lake, imports included; returns a sentence for each difference."""
    return [difference for files in files_of(resources) for difference in _verify(files, resources)]


def _verify(files: CaptureFiles, resources: Resources) -> list[str]:
    # The archive first: its windows are already in the database, even while loads continue.
    archived = files.archived()
    capturer = files.capturer
    places = {"lake": resources.lake.windows(capturer)}
    if _is_in_database(files, resources):
        places = {"database": resources.store.windows(capturer), **places}
    differences: list[str] = []
    for folder in archived:
        counts = {place: windows.pop(folder.name, None) for place, windows in places.items()}
        differences += _differences(folder, counts)
    # A window loaded meanwhile is here, or will be.
    still_here = {folder.name for folder in files.newest_first()}
    for place, windows in places.items():
        lost = [window for window in windows if window not in still_here]
        differences += [f"{window}: it is in the {place}, and not in the archive" for window in lost]
    return differences


def _is_in_database(files: CaptureFiles, resources: Resources) -> bool:
    """Whether the database is to have these windows."""
    return resources.settings.uses_postgres and not is_lake_only(files.data)


def compare_signals(resources: Resources) -> list[str]:
    """Compare the signals of the database and the lake by daily checksums; returns a sentence for each difference.

    Only the signals that the sources of this data folder saw first: another one may load into the same database.
    """
    capturers = [files.capturer for files in files_of(resources) if _is_in_database(files, resources)]
    there, here = (
        _sums(place.day_sums(capturers), place.day_extras(capturers)) for place in (resources.store, resources.lake)
    )
    return [
        f"{day}: the database has {_in_words(there.get(day))}, the lake {_in_words(here.get(day))}"
        for day in sorted({*there, *here})
        if there.get(day) != here.get(day)
    ]


def _sums(sums: Sums, extras: Iterable[tuple[str, str, int]]) -> Sums:
    """Add the unknown fields to the checksums of the days.

    Postgres writes JSON in its own order and spacing, so only the content counts. The sum does not depend on how the
    signals of a day are grouped.
    """
    totals: dict[str, int] = defaultdict(int)
    for day, extra, keys in extras:
        totals[day] += keys * int(hashlib.sha256(_canonical(extra).encode()).hexdigest()[:16], 16)
    return {
        day: (rows, f"{checksum}-{totals[day]:x}" if totals[day] else checksum)
        for day, (rows, checksum) in sums.items()
    }


def _canonical(extra: str) -> str:
    """Return JSON in canonical form: independent of key order, spacing and number format."""

    def number(text: str) -> str:
        return f"number {Decimal(text).normalize() + 0}"

    read = json.loads(extra, parse_float=number, parse_int=number, parse_constant=str)
    return json.dumps(read, sort_keys=True)


def _in_words(sums: tuple[int, str] | None) -> str:
    return f"{sums[0]} signals (checksum {sums[1]})" if sums else "no signal"


def _differences(folder: Path, places: dict[str, dict[str, int] | None]) -> Iterator[str]:
    try:
        manifest = read_manifest(folder, missing_ok=True)
    except DamagedWindow as damage:
        yield f"{folder.name}: {damage.details['difference']}"
        return
    if not has_raw(folder) and not has_csv(folder) and not places["lake"]:
        yield f"{folder.name}: {NOTHING_LEFT}; it cannot be rebuilt"
    for place, counts in places.items():
        if counts is None:
            advice = f"; {LAKE_BUILD} adds it" if place == "lake" else ""
            yield f"{folder.name}: it is in the archive, and not in the {place}{advice}"
            continue
        for name in ("polls", "records", "rejects"):
            on_disk, noted = getattr(manifest, name), counts[name]
            there = counts.get(f"{name}_there", noted)
            if not on_disk == noted == there:
                again = place == "lake" and noted == on_disk > there
                advice = f"; {LAKE_BUILD} adds them again" if again else ""
                yield f"{folder.name}: {on_disk} {name} on the disk, {noted} loaded, {there} in the {place} now{advice}"
        if counts["signals"] != counts["signals_there"]:
            there = counts["signals_there"]
            advice = f"; {LAKE_BUILD} adds them again" if place == "lake" and there < counts["signals"] else ""
            yield f"{folder.name}: {counts['signals']} signals loaded, {there} in the {place} now{advice}"
