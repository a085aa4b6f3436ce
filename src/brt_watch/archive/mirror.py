"""Copy the lake to object storage, so that a cluster or another office reads it.

The target is a folder or an address that pyarrow knows: `s3://bucket/prefix` (S3, or compatible with it by
`?endpoint_override=host:port&scheme=http`), `gs://...`. Keys come from the environment, by the names of the provider
(`AWS_ACCESS_KEY_ID`, ...). Each file is one object, which storage replaces in one step, as the lake does on the disk.
A mark, written first, says whether the signals there are simulated: a lake is not copied over the other kind.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from brt_watch import lock
from brt_watch.archive.lake import Lake
from brt_watch.capture.files import CaptureFiles
from brt_watch.errors import MirrorFailed, MixedPlace

PATIENCE_SECONDS = 600
"""How long a copy waits for another one of the same lake."""

PARTS = (
    "dias.json",
    "feed=*/data=*/*.parquet",
    "rejects/feed=*/mes=*/*.parquet",
    "polls/feed=*/mes=*/*.parquet",
    "divergencias/data=*/*.parquet",
    "modelos/**/*.parquet",
    "modelos/views.json",
)
"""In the order of the lake: signals and rejects, then the polls that commit them, then the rows derived from both."""

DERIVED = "modelos"
"""Files gone from the lake are deleted from the target only below this folder: signals are never deleted there."""


MARK = "origem.json"
"""The file of the target that says whether its signals are simulated."""


@dataclass(frozen=True)
class Mirrored:
    """The result of a copy: the files of the lake, and those of them written and of the target deleted."""

    files: int
    written: int
    deleted: int

    @classmethod
    def of(cls, steps: Iterable[tuple[str, str]]) -> Mirrored:
        """Copy, and count what was done."""
        counts = Counter(done for _, done in steps)
        return cls(counts[""] + counts["written"], counts["written"], counts["deleted"])


def files(lake: Lake) -> list[Path]:
    """Return the files of the lake to copy, in order."""
    return [path for part in PARTS for path in sorted(lake.folder.glob(part))]


def push(lake: Lake, target: str) -> Iterator[tuple[str, str]]:
    """Copy what is new or changed; yields each file with `written`, `deleted` or "" (there already).

    Safe to repeat; the next copy completes an interrupted one. Raises MirrorFailed, and MixedPlace where signals of the
    other kind are, simulated or real.
    """
    from pyarrow import ArrowInvalid

    try:
        with lock.hold(lake.folder.parent / "run" / "lake-mirror.lock", "A copy of the lake", PATIENCE_SECONDS):
            yield from _push(lake, target)
    except (OSError, ArrowInvalid) as error:
        raise MirrorFailed(target=target, reason=" ".join(str(error).split())[:500]) from error


def _push(lake: Lake, target: str) -> Iterator[tuple[str, str]]:
    from pyarrow import fs

    storage, root = filesystem(target)
    there = {
        info.path[len(root) :].strip("/"): info
        for info in storage.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True))
        if info.is_file
    }
    _mark(lake, storage, root, there)
    names = {str(path.relative_to(lake.folder)): path for path in files(lake)}
    for name, path in names.items():
        if _is_newer(path, there.get(name)):
            copied = None
            # A load may replace the file meanwhile.
            while copied != (state := path.stat().st_mtime_ns):
                with path.open("rb") as source:
                    _copy(storage, source, f"{root}/{name}")
                copied = state
            yield name, "written"
        else:
            yield name, ""
    for name in sorted(there):
        if name.startswith(f"{DERIVED}/") and name not in names:
            storage.delete_file(f"{root}/{name}")
            yield name, "deleted"


def filesystem(target: str) -> tuple[Any, str]:
    """Return the storage of an address and the path in it."""
    from pyarrow import fs

    if "://" not in target:
        return fs.LocalFileSystem(), str(Path(target).resolve())
    storage, root = fs.FileSystem.from_uri(target)
    return storage, root.rstrip("/")


def _is_newer(path: Path, there: Any) -> bool:
    found = path.stat()
    # Storage records when an object was written, which is later than the file.
    return there is None or there.size != found.st_size or there.mtime_ns < found.st_mtime_ns


def _mark(lake: Lake, storage: Any, root: str, there: Mapping[str, Any]) -> None:
    """Mark an empty target with the kind of the lake's signals; raises MixedPlace if those there are the other kind."""
    is_simulated = CaptureFiles(lake.folder.parent, "").simulated() is not None
    before = is_simulated
    if MARK in there:
        with storage.open_input_stream(f"{root}/{MARK}") as mark:
            before = json.loads(mark.read())["simulated"]
    elif any(name.startswith("feed=") for name in there):
        # A copy of a version that wrote no mark.
        before = False
    if before != is_simulated:
        raise MixedPlace(root, lake.folder, before)
    if MARK not in there:
        _copy(storage, io.BytesIO(json.dumps({"simulated": is_simulated}).encode()), f"{root}/{MARK}")


def _copy(storage: Any, source: IO[bytes], target: str) -> None:
    if storage.type_name == "local":
        # Objects in a folder do not appear atomically.
        storage.create_dir(target.rpartition("/")[0], recursive=True)
        with storage.open_output_stream(f"{target}.part") as out:
            _stream(source, out)
        storage.move(f"{target}.part", target)
        return
    with storage.open_output_stream(target) as out:
        _stream(source, out)


def _stream(source: IO[bytes], out: Any) -> None:
    while piece := source.read(8 << 20):
        out.write(piece)
