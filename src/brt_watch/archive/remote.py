"""Read a lake where `lake push` put it: DuckDB opens the files on the storage itself, and fetches what a query needs.

By pyarrow's access to storage, as the copy is written, so that the same address and keys hold for both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from fsspec.implementations.arrow import ArrowFSWrapper

from brt_watch.archive.lake import define_views
from brt_watch.archive.lake_marts import DAY, SCHEMA, SCHEMAS, VIEWS, define, empty_session, of_files
from brt_watch.archive.mirror import DERIVED, filesystem
from brt_watch.errors import RemoteUnreadable
from brt_watch.store.duck import quoted

PROTOCOL = "brt-watch"


class _Storage(ArrowFSWrapper):  # type: ignore[misc]  # fsspec has no types
    protocol = PROTOCOL
    cachable = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        # The first part is a bucket, and no host as the class above takes it for.
        return path.removeprefix(f"{PROTOCOL}://").rstrip("/")


@contextmanager
def open_remote(address: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a copy of a lake, with its tables and each published model as a view; raises RemoteUnreadable."""
    from pyarrow import ArrowInvalid, fs

    with empty_session() as session:
        try:
            storage, root = filesystem(address)
            session.register_filesystem(_Storage(storage))
            define_views(session, SCHEMA, f"{PROTOCOL}://{root}")
            folder = f"{root}/{DERIVED}"
            found = storage.get_file_info(fs.FileSelector(folder, recursive=True, allow_not_found=True))
            paths = [info.path for info in found if info.is_file]
            views = {}
            if f"{folder}/{VIEWS}" in paths:
                with storage.open_input_stream(f"{folder}/{VIEWS}") as file:
                    views = json.loads(file.read())
        except (OSError, ArrowInvalid, duckdb.Error) as error:
            raise RemoteUnreadable(address=address, reason=" ".join(str(error).split())[:500]) from error
        queries = _queries([path[len(folder) + 1 :] for path in paths], f"{PROTOCOL}://{folder}")
        define(session, views, set(queries), queries.__getitem__)
        yield session


def _queries(paths: list[str], address: str) -> dict[str, str]:
    """Return the query for each table: a whole file, files of days, or without a day the file of its columns."""
    whole: dict[str, str] = {}
    without_day: dict[str, str] = {}
    of_days: dict[str, list[Path | str]] = {}
    for path in sorted(path for path in paths if path.endswith(".parquet")):
        folder, _, rest = path.partition("/")
        file = f"{address}/{path}"
        if folder == SCHEMAS:
            without_day[rest.removesuffix(".parquet")] = f"from read_parquet({quoted(file)})"
        elif rest.startswith(f"{DAY}="):
            of_days.setdefault(folder, []).append(file)
        else:
            whole[folder] = f"from read_parquet({quoted(file)})"
    return without_day | whole | {name: of_files(files) for name, files in of_days.items()}
