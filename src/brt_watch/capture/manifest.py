"""The manifest of a window: written last, it closes the window and describes the content of its files."""

from __future__ import annotations

from pathlib import Path

import msgspec
import zstandard

from brt_watch import __version__, disk
from brt_watch.capture.window import CSV, MANIFEST, captured_minutes, has_csv
from brt_watch.clock import write_moment
from brt_watch.errors import DamagedWindow
from brt_watch.model import Poll


class Manifest(msgspec.Struct, frozen=True):
    """The content of a closed window. Ticks are UTC; the sums are SHA-256."""

    window: str
    capturer: str
    feed_url: str
    code_version: str
    first_tick: str
    last_tick: str
    polls: int
    good_polls: int
    captured_minutes: int
    records: int
    rejects: int
    sha256: dict[str, str]
    feed: str = "brt"
    """The name of the feed; older manifests lack it."""


def unchecked_manifest(folder: Path) -> Manifest:
    """Return the manifest of a closed window; raises OSError and msgspec's errors."""
    return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)


def read_manifest(folder: Path, missing_ok: bool = False) -> Manifest:
    """Return the manifest of a closed window after checking its files; raises DamagedWindow.

    With `missing_ok` its CSV may be missing, because the archive's settings may have deleted it.
    """
    try:
        manifest = unchecked_manifest(folder)
        names = [name for name in manifest.sha256 if name != CSV or has_csv(folder) or not missing_ok]
        different = [name for name in names if disk.sha256(folder / name) != manifest.sha256[name]]
    except (OSError, msgspec.MsgspecError, zstandard.ZstdError) as error:
        raise DamagedWindow(folder=folder, difference=str(error)) from error
    if different:
        raise DamagedWindow(folder=folder, difference=f"{', '.join(different)} changed after it was closed")
    return manifest


def write_manifest(
    folder: Path, polls: list[Poll], capturer: str, feed_url: str, feed: str, sha256: dict[str, str]
) -> Manifest:
    """Close a window with these polls; `sha256` are the sums of its files."""
    manifest = Manifest(
        window=folder.name,
        capturer=capturer,
        feed_url=feed_url,
        code_version=__version__,
        first_tick=write_moment(min(poll.tick for poll in polls)),
        last_tick=write_moment(max(poll.tick for poll in polls)),
        polls=len(polls),
        good_polls=sum(poll.status.is_good for poll in polls),
        captured_minutes=len(captured_minutes(polls)),
        records=sum(poll.records for poll in polls),
        rejects=sum(poll.rejects for poll in polls),
        sha256=sha256,
        feed=feed,
    )
    save_manifest(folder, manifest)
    return manifest


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a window whose files are complete, which closes it."""
    disk.write_durably(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
