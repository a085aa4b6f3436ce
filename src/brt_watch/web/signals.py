"""A signal as the web reads it: from the lines of a `brt.csv`, or from `brt_raw`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from sys import intern
from typing import Literal, cast

from msgspec import Struct

from brt_watch.capture.ledger import CSV_FIELDS
from brt_watch.clock import UTC
from brt_watch.web.schemas import Moment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Signal(Struct, frozen=True, gc=False):
    """What a vehicle sent once; nulls and blanks are made one: no line, no direction, no plate."""

    datahora: Moment
    codigo: str
    placa: str
    linha: str | None
    sentido: str | None
    trajeto: str
    latitude: float
    longitude: float
    velocidade: float | None
    direcao: int | None
    ignicao: int | None
    hodometro: float | None

    @property
    def key(self) -> tuple[datetime, str]:
        """What tells it from all others."""
        return self.datahora, self.codigo

    @property
    def at(self) -> tuple[float, float]:
        """Latitude and longitude."""
        return self.latitude, self.longitude

    @property
    def goes(self) -> Literal["ida", "volta"] | None:
        """The direction as labelled, None when it is neither."""
        return cast(Literal["ida", "volta"], self.sentido) if self.sentido in ("ida", "volta") else None

    @property
    def heading(self) -> int | None:
        """The heading in degrees; None when it is none (360 and more occur), or a standing device's 0."""
        if self.direcao is None or not 0 <= self.direcao < 360 or (self.direcao == 0 and not self.velocidade):
            return None
        return self.direcao


_AT = {name: number for number, name in enumerate(CSV_FIELDS)}


def read_signals(lines: bytes) -> Iterator[Signal]:
    """Read lines of a `brt.csv`, without its header."""
    codigo, placa, linha, latitude, longitude, stamp, velocidade, sentido, trajeto, hodometro, direcao, ignicao = (
        _AT[name]
        for name in (
            *("codigo", "placa", "linha", "latitude", "longitude", "dataHora", "velocidade", "sentido", "trajeto"),
            *("hodometro", "direcao", "ignicao"),
        )
    )
    for row in csv.reader(io.StringIO(lines.decode(), newline="")):
        yield Signal(
            EPOCH + timedelta(milliseconds=int(row[stamp])),
            intern(row[codigo]),
            row[placa],
            line_of(row[linha]),
            intern(row[sentido]) or None,
            intern(row[trajeto]),
            float(row[latitude]),
            float(row[longitude]),
            float(row[velocidade]) if row[velocidade] else None,
            _heading(row[direcao]),
            int(row[ignicao]) if row[ignicao] else None,
            float(row[hodometro]) if row[hodometro] else None,
        )


def line_of(text: str | None) -> str | None:
    """Return the line that a label names: "0" is the API's word for none."""
    return None if text is None or text in ("", "0") else intern(text)


def _heading(text: str) -> int | None:
    # A blank is north.
    return None if not text else 0 if text == " " else int(text)
