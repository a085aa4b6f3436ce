"""Row counts and checksums of the database, for comparison with the windows or with another database."""

from __future__ import annotations

from typing import Any

from brt_watch.store.connection import Connection, is_there, statement


def checksums(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return rows and checksum of each table, as this connection sees them."""
    return {row.pop("table"): row for row in connection.execute(statement("checksums"))}


def windows(connection: Connection, capturer: str) -> dict[str, dict[str, int]]:
    """Return the counts of each window of a capturer, in the ledger of loads and in the tables."""
    if not is_there(connection, "brt_window"):
        return {}
    return {row.pop("window"): row for row in connection.execute(statement("windows"), {"capturer": capturer})}
