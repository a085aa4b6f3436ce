"""dbt's project, parsed once in a test run for each engine and lent to every database: each takes dbt ten seconds.

What does not fit is no mistake, only slower: dbt parses the project itself.
"""

from __future__ import annotations

import hashlib
import pprint
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from brt_watch.transform import compile, compiled, runner
from brt_watch.transform.compiled import DBT_PROJECT, Compiled
from tests import shared_run

NAME = "partial_parse.msgpack"

DATABASE = "parsed_for_tests"
"""The database that the project is parsed for; it is not there."""

Connection = dict[str, str]

_compile = compiled._compile


def postgres(database: str, port: int) -> Connection:
    """Return the address of a database, as dbt gets it."""
    return {"host": "127.0.0.1", "port": str(port), "user": "brt_watch", "dbname": database}


def duckdb(file: Path) -> Connection:
    """Return the address of a file of the lake's models, as dbt gets it."""
    return {"duckdb": str(file)}


def make() -> Path:
    """Parse the project for Postgres unless it is parsed; returns the file."""
    return _made(postgres("", 0))


def lend(dbt: Path, connection: Connection, project: Path = DBT_PROJECT) -> None:
    """Give dbt what was parsed, as it is for another database and for the project in another place."""
    names = {
        DATABASE: _database(connection),
        _checksum(_parsed_for(connection)): _checksum(connection),
        str(DBT_PROJECT): str(project),
    }
    parsed = msgspec.msgpack.decode(_made(connection).read_bytes())
    dbt.mkdir(parents=True, exist_ok=True)
    (dbt / NAME).write_bytes(msgspec.msgpack.encode(_renamed(parsed, names)))


def lend_to_compilers() -> None:
    """Let the models of our project be compiled in this process, from what was parsed."""
    compiled._compile = compile_here


def compile_here(project: Path, data: Path) -> Compiled:
    if project != DBT_PROJECT:
        return _compile(project, data)
    with tempfile.TemporaryDirectory(dir=shared_run.folder()) as folder:
        connection = duckdb(Path(folder) / f"{compiled.DATABASE}.duckdb")
        lend(Path(folder), connection)
        with runner._environment(connection):
            found = compile.statements(project, data / "logs", Path(folder))
        runner._close_duckdb()
    return found


def _made(connection: Connection) -> Path:
    def parse(folder: Path) -> None:
        from tests.conftest import make_settings

        runner.run_dbt(make_settings(folder), _parsed_for(connection), ["--no-write-json", "parse"])

    if "duckdb" in connection:
        return shared_run.once("parsed-duckdb", parse) / "dbt" / "duckdb" / NAME
    return shared_run.once("parsed", parse) / "dbt" / NAME


def _parsed_for(connection: Connection) -> Connection:
    return duckdb(Path(f"/nowhere/{DATABASE}.duckdb")) if "duckdb" in connection else postgres(DATABASE, 1)


def _database(connection: Connection) -> str:
    return Path(connection["duckdb"]).stem if "duckdb" in connection else connection["dbname"]


def _checksum(connection: Connection) -> str:
    """Return dbt's checksum of an address (ManifestLoader.build_manifest_state_check)."""
    if "duckdb" in connection:
        from dbt.adapters.duckdb.credentials import DuckDBCredentials

        found = DuckDBCredentials.from_dict({"path": connection["duckdb"], "schema": "public"}).connection_info()
    else:
        from dbt.adapters.postgres import PostgresCredentials

        password = ""  # dbt parses nothing again for another one
        found = PostgresCredentials(
            host="127.0.0.1", port=int(connection["port"]), user="brt_watch", password=password,
            database=connection["dbname"], schema="public", sslmode="prefer",
        ).connection_info()  # fmt: skip
    return hashlib.sha256(pprint.pformat(sorted(found)).encode()).hexdigest()


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for before, now in names.items():
            value = value.replace(before, now)
    elif isinstance(value, dict):
        return {key: _renamed(each, names) for key, each in value.items()}
    elif isinstance(value, list):
        return [_renamed(each, names) for each in value]
    return value
