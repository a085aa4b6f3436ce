"""A GTFS by its address: downloaded once, and again only when the server says that it has changed."""

from __future__ import annotations

import zipfile
from datetime import timedelta
from pathlib import Path

import msgspec

from brt_watch import disk
from brt_watch.capture.fetch import Client
from brt_watch.clock import Clock
from brt_watch.errors import FeedFailed, NetworkError
from brt_watch.masking import masked

LONGEST = timedelta(minutes=10)
MAX_BYTES = 1 << 30


def download(url: str, file: Path, clock: Clock) -> str:
    """Bring the copy of a GTFS up to date; returns why the existing copy stays, "" if it is up to date.

    Raises NetworkError when there is no copy and no GTFS at the address.
    """
    known = file.with_suffix(".json")
    client = Client(url, clock, MAX_BYTES, accept="application/zip, application/octet-stream, */*")
    if file.exists():
        client.validators = _validators(known, url)
    try:
        answer = client.fetch(clock.now() + LONGEST * clock.speed)
        if answer.is_unchanged:
            return ""
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".part")
        disk.write_durably(fresh, answer.body)
        if not zipfile.is_zipfile(fresh):
            fresh.unlink()
            raise FeedFailed("not_the_contract", f"it is not a .zip; it starts with {answer.body[:40]!r}")
    except FeedFailed as failure:
        problem = f"{failure.reason} ({failure.detail})"
        if file.exists():
            return f"the GTFS of {masked(url)} cannot be read: {problem}; the copy of the last time is used"
        problem += "; check BRT_WATCH_GTFS, or download it yourself and give the path of the .zip there"
        raise NetworkError(where=masked(url), problem=problem) from None
    # Without its headers a new GTFS is asked for again, never taken for the old one.
    known.unlink(missing_ok=True)
    fresh.replace(file)
    disk.write_durably(known, msgspec.json.encode({"url": url, "validators": dict(answer.validators)}))
    return ""


def _validators(known: Path, url: str) -> dict[str, str]:
    """Return the headers of a conditional request for the copy; {} if it came from another address."""
    try:
        found = msgspec.json.decode(known.read_bytes())
        return dict(found["validators"]) if found["url"] == url else {}
    except (OSError, msgspec.MsgspecError, KeyError, TypeError, ValueError):
        return {}
