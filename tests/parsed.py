"""dbt's project, parsed once in a test run and lent to every database: it takes dbt ten seconds for each.

What does not fit is no mistake, only slower: dbt parses the project itself.
"""

from __future__ import annotations

import hashlib
import pprint
from pathlib import Path
from typing import Any

import msgspec

from brt_watch.transform import runner
from brt_watch.transform.compiled import DBT_PROJECT
from tests import shared_run
from tests.conftest import make_settings

NAME = "partial_parse.msgpack"

DATABASE, PORT = "parsed_for_tests", 1
"""What the project is parsed for: a database that is not there."""


def make() -> Path:
    """Parse the project unless it is parsed; returns the file."""
    return shared_run.once("parsed", _parse) / "dbt" / NAME


def lend(dbt: Path, database: str, port: int, project: Path = DBT_PROJECT) -> None:
    """Give dbt what was parsed, as it is for another database and for the project in another place."""
    names = {DATABASE: database, _checksum(DATABASE, PORT): _checksum(database, port), str(DBT_PROJECT): str(project)}
    parsed = msgspec.msgpack.decode(make().read_bytes())
    dbt.mkdir(parents=True, exist_ok=True)
    (dbt / NAME).write_bytes(msgspec.msgpack.encode(_renamed(parsed, names)))


def _parse(folder: Path) -> None:
    connection = {"host": "127.0.0.1", "port": str(PORT), "user": "brt_watch", "dbname": DATABASE}
    runner.run_dbt(make_settings(folder), connection, ["--no-write-json", "parse"])


def _checksum(database: str, port: int) -> str:
    """Return dbt's checksum of an address (ManifestLoader.build_manifest_state_check)."""
    from dbt.adapters.postgres import PostgresCredentials

    password = ""  # dbt parses nothing again for another one
    connection = PostgresCredentials(
        host="127.0.0.1", port=port, user="brt_watch", password=password, database=database,
        schema="public", sslmode="prefer",
    )  # fmt: skip
    return hashlib.sha256(pprint.pformat(sorted(connection.connection_info())).encode()).hexdigest()


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for before, now in names.items():
            value = value.replace(before, now)
    elif isinstance(value, dict):
        return {key: _renamed(each, names) for key, each in value.items()}
    elif isinstance(value, list):
        return [_renamed(each, names) for each in value]
    return value
