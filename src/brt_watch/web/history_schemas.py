"""The schemas of answers about the past: trails, string-lines, history, playback, coverage."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from brt_watch.web.schemas import Direction, Moment, StopOnPath
from brt_watch.web.signals import Signal

MissingCode = Literal["banco_ausente", "nao_processado"]
"""Why an answer is incomplete: the database is unavailable, or a part is captured but not derived yet."""


class TrailPoint(Struct, frozen=True):
    """A position of a vehicle."""

    datahora: Moment
    latitude: float
    longitude: float
    velocidade: float | None
    direcao: int | None
    linha: str | None
    sentido: Direction | None
    progresso_m: float | None


class Trail(Struct, frozen=True):
    """The positions of a vehicle, oldest first."""

    codigo: str
    aviso: str | None
    pontos: list[TrailPoint]
    aviso_codigo: MissingCode | None = None


class TripTrack(Struct, frozen=True):
    """A trip of a vehicle: [epoch seconds, metres along the path, km/h], and the times in which it was bunched."""

    codigo: str
    viagem: int
    pontos: list[tuple[float, float, float | None]]
    comboios: list[tuple[float, float]] = []


class Gap(Struct, frozen=True):
    """A period without a good poll."""

    de: Moment
    ate: Moment


class Stringline(Struct, frozen=True):
    """Distance along the path against time, one line per trip."""

    linha: str
    sentido: Direction
    de: Moment
    ate: Moment
    aviso: str | None
    comprimento_m: float
    estacoes: list[StopOnPath]
    veiculos: list[TripTrack]
    lacunas: list[Gap]
    aviso_codigo: MissingCode | None = None
    intervalo_mediano_segundos: float | None = None
    fracao_comboio: float | None = None


class Minute(Struct, frozen=True):
    """The capture of a minute."""

    minuto: Moment
    previstas: int
    boas: int
    atrasadas: int
    com_falha: int
    perdidas: int
    idade_mediana_segundos: float | None
    registros: int


class Coverage(Struct, frozen=True):
    """The minutes of a day, by the city's clocks."""

    dia: str
    aviso: str | None
    minutos: list[Minute]
    aviso_codigo: MissingCode | None = None


class Day(Struct, frozen=True):
    """The capture of a day, by the city's clocks."""

    dia: str
    boas: int
    previstas: int
    minutos_bons: int
    minutos_parciais: int
    minutos_perdidos: int


class History(Struct, frozen=True):
    """A page of signals; `proximo` is the cursor of the next page, null at the last."""

    de: Moment
    ate: Moment
    proximo: str | None
    sinais: list[Signal]


class Played(Struct, frozen=True):
    """The positions of a vehicle: [seconds after `de`, longitude, latitude, km/h, heading]."""

    linha: str | None
    sentido: str | None
    p: list[tuple[int, float, float, float | None, int | None]]


class Playback(Struct, frozen=True):
    """A few minutes of all vehicles."""

    de: Moment
    ate: Moment
    aviso: str | None
    veiculos: dict[str, Played]
    lacunas: list[Gap]
    aviso_codigo: MissingCode | None = None


class Range(Struct, frozen=True):
    """The first and the last captured time."""

    primeiro: Moment | None
    ultimo: Moment | None
    aviso: str | None
    aviso_codigo: MissingCode | None = None
