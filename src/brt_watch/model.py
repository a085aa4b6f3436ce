"""The nouns of the capture: poll, record, reject. No input or output here."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import NamedTuple


class Status(str, Enum):
    """What became of a tick."""

    OK = "ok"
    LATE = "late"
    """A good answer, asked for well after the tick (at start, or on a busy machine)."""
    FAILED = "failed"
    MISSED = "missed"
    """Never asked: nothing was running."""

    @property
    def is_good(self) -> bool:
        """Whether records came of it."""
        return self in (Status.OK, Status.LATE)


class Record(NamedTuple):
    """One vehicle in a response, its fields in the API's order and by the API's names.

    `dataHora` is epoch milliseconds (UTC), `velocidade` km/h, `hodometro` km, `direcao` degrees or `" "` (north).
    What the API sent is kept as it came; a field that is new to us, or of a type that its column cannot hold, is in
    `extra` (a JSON object) and its own column is null.
    """

    codigo: str
    placa: str | None
    linha: str | None
    latitude: float
    longitude: float
    dataHora: int
    velocidade: float | None
    id_migracao_trajeto: str | None
    sentido: str | None
    trajeto: str | None
    hodometro: float | None
    direcao: int | str | None
    ignicao: int | None
    capacidadePeVeiculo: int | None
    capacidadeSentadoVeiculo: int | None
    extra: str | None


class Reject(NamedTuple):
    """A record that broke a rule: where it stood in the response, which rule, and its JSON as it came."""

    position: int
    reason: str
    record: str


class Parsed(NamedTuple):
    """A good response: every entry of its list is either a record or a reject.

    `fields` are the names of the entries' fields, each with the kinds of its values (number, text, boolean, list,
    object), null apart, as far as more than a few entries have them.
    """

    records: list[Record]
    rejects: list[Reject]
    fields: dict[str, list[str]] = {}  # noqa: RUF012 (nobody writes to it)


@dataclass(frozen=True)
class Poll:
    """What happened at a tick: one row of the ledger. Moments are UTC, with zone."""

    tick: datetime
    status: Status
    reason: str = ""
    detail: str = ""
    requested_at: datetime | None = None
    captured_at: datetime | None = None
    http_status: int | None = None
    body_bytes: int | None = None
    body_sha256: str = ""
    raw: str = ""
    records: int = 0
    rejects: int = 0
    newest_signal_at: datetime | None = None
    median_age_seconds: float | None = None
    alerts: str | None = None
    """What the contract watch raised and closed at this poll, as a JSON list; None when nothing."""


def signal_ages(records: list[Record], captured_at: datetime) -> tuple[datetime | None, float | None]:
    """Return the moment of the newest signal and the median age in seconds; None when no stamp is usable."""
    stamps = [record.dataHora for record in records]
    if not stamps:
        return None, None
    newest = datetime.fromtimestamp(max(stamps) / 1000, timezone.utc)
    return newest, round(captured_at.timestamp() - statistics.median(stamps) / 1000, 1)
