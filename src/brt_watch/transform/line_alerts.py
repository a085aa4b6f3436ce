"""Alerts of lines: the waits of passengers have doubled. The rule is the model `espera_linha`; here is only its memory.

An alert is raised once, when the waits have doubled, and closed once, when they are back or the line's service is over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from brt_watch import disk
from brt_watch.capture.contract import Alert

if TYPE_CHECKING:
    from typing_extensions import LiteralString

STATE = "line-alerts.json"
"""The open alerts, below `run` in the data folder."""

CODE = "waits_doubled"
RECENT = timedelta(hours=1)
"""Waits that ended longer ago are history, of an import or a rebuild, and wake nobody."""

QUERY: LiteralString = (
    "select linha, sentido, momento, espera_segundos, espera_usual_segundos, flag_do_plano, flag_dobrada, "
    "flag_de_volta from espera_linha order by linha, sentido"
)


class LineAlert(Alert, frozen=True):
    """An alert of a line and direction, with the waits in seconds when it was raised or closed."""

    waited_s: float | None = None
    usual_s: float | None = None
    is_planned: bool = False
    """Whether the usual wait is that of the plan."""

    @property
    def line(self) -> str:
        """The line."""
        return self.subject.rpartition(" ")[0]

    @property
    def direction(self) -> Literal["ida", "volta"]:
        """The direction."""
        return "volta" if self.subject.endswith(" volta") else "ida"


class LineAlerts:
    """The open alerts of the lines, in a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "run" / STATE

    def update(self, read_csv: Callable[[LiteralString], bytes], now: datetime) -> list[LineAlert]:
        """Compare the waits with the open alerts; returns those to send, after they are written down."""
        rows = list(csv.DictReader(io.StringIO(read_csv(QUERY).decode())))
        if not rows or now - max(_moment(row) for row in rows) > RECENT:
            return []
        before = self.open()
        found, alerts = compare(before, rows)
        if alerts:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            disk.write_durably(self._file, msgspec.json.encode(found))
        return alerts

    def open(self) -> list[LineAlert]:
        """Return the open alerts."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[LineAlert])
        except (FileNotFoundError, msgspec.DecodeError):
            return []


def compare(before: Iterable[LineAlert], rows: Iterable[Mapping[str, str]]) -> tuple[list[LineAlert], list[LineAlert]]:
    """Return the alerts that are open now, and those that are raised or closed."""
    was_open = {alert.subject: alert for alert in before}
    now = {f"{row['linha']} {row['sentido']}": row for row in rows}
    found = dict(was_open)
    changes = []
    for subject, row in now.items():
        if _holds(row, "flag_dobrada") and subject not in was_open:
            found[subject] = _alert("raised", subject, row, _moment(row))
            changes.append(found[subject])
        elif _holds(row, "flag_de_volta") and subject in was_open:
            since = found.pop(subject).since
            changes.append(_alert("closed", subject, row, since))
    for subject in was_open.keys() - now.keys():
        since = found.pop(subject).since
        why = "no bus to wait for: the service is over, or too few ran"
        changes.append(LineAlert("closed", CODE, subject, why, since))
    return list(found.values()), changes


def _alert(event: str, subject: str, row: Mapping[str, str], since: datetime) -> LineAlert:
    waited_s, usual_s = float(row["espera_segundos"]), float(row["espera_usual_segundos"])
    is_planned = _holds(row, "flag_do_plano")
    source = "planned" if is_planned else "usual at this hour"
    words = f"passengers waited {waited_s / 60:.1f} min on average in the last hour; {source}: {usual_s / 60:.1f} min"
    return LineAlert(event, CODE, subject, words, since, waited_s, usual_s, is_planned)


def _holds(row: Mapping[str, str], name: str) -> bool:
    # Postgres writes t, DuckDB true.
    return row[name] in ("t", "true")


def _moment(row: Mapping[str, str]) -> datetime:
    # Both write the offset of the zone as +00.
    text = row["momento"]
    return datetime.fromisoformat(text + ":00" if text[-3] in "+-" else text)
