"""dbt's project, parsed once in a test run and lent to the other databases: it takes dbt five seconds for each.

What does not fit is no mistake, only slower: dbt parses the project itself.
"""

from __future__ import annotations

import hashlib
import json
import pprint
import shutil
from pathlib import Path
from typing import Any

import msgspec

from brt_watch.store.embedded import Server

NAME = "partial_parse.msgpack"


def keep(dbt: Path, kept: Path, server: Server, database: str) -> None:
    """Keep what dbt has parsed for a database, and what dbt knows it by."""
    from dbt.adapters.postgres import PostgresCredentials

    password = ""  # dbt parses nothing again for another one
    connection = PostgresCredentials(
        host="127.0.0.1", port=server.port, user="brt_watch", password=password, database=database,
        schema="public", sslmode="prefer",
    )  # fmt: skip
    (kept / "parsed-for.json").write_text(json.dumps(sorted(connection.connection_info())))
    shutil.copy(dbt / NAME, kept / NAME)


def lend(kept: Path, dbt: Path, database: str, port: int) -> None:
    """Give dbt what was parsed for another database, as it is for this one."""
    known = [(name, value) for name, value in json.loads((kept / "parsed-for.json").read_text())]
    ours = [(name, {"database": database, "port": port}.get(name, value)) for name, value in known]
    names = {dict(known)["database"]: database, _checksum(known): _checksum(ours)}
    parsed = msgspec.msgpack.decode((kept / NAME).read_bytes())
    (dbt / NAME).write_bytes(msgspec.msgpack.encode(_renamed(parsed, names)))


def _checksum(connection: list[tuple[str, Any]]) -> str:
    """Return dbt's checksum of an address (ManifestLoader.build_manifest_state_check)."""
    return hashlib.sha256(pprint.pformat(connection).encode()).hexdigest()


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for before, now in names.items():
            value = value.replace(before, now)
    elif isinstance(value, dict):
        return {key: _renamed(each, names) for key, each in value.items()}
    elif isinstance(value, list):
        return [_renamed(each, names) for each in value]
    return value
