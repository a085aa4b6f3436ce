"""The schemas of the answers about the present; those of the history are in `history_schemas.py`.

They define the encoding of answers and the OpenAPI document (why msgspec: docs/decisions/0010)
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Moment = Annotated[datetime, Meta(tz=True)]
Direction = Literal["ida", "volta"]
AgeClass = Literal["ao vivo", "atrasado", "em silêncio", "fora de operação"]
Doing = Literal[
    "Em operação",
    "Operando fora trajeto",
    "Parado terminal",
    "Parado garagem",
    "Parado trajeto correto",
    "Parado fora trajeto",
]
WarningCode = Literal["sem_captura", "captura_parada", "banco_ausente"]


class NearStation(Struct, frozen=True):
    """The nearest station, and the metres to it."""

    estacao_id: str
    nome: str
    distancia_m: float


class Vehicle(Struct, frozen=True):
    """A vehicle: its newest signal, and what is derived from it."""

    codigo: str
    placa: str
    linha: str | None
    sentido: Annotated[Direction | None, Meta(description="As labelled.")]
    sentido_estimado: Annotated[Direction | None, Meta(description="By movement where known, otherwise as labelled.")]
    sentido_corrigido: Annotated[bool, Meta(description="Whether the movement contradicts the label.")]
    trajeto: str
    velocidade: Annotated[float | None, Meta(description="km/h, as reported by the device.")]
    velocidade_media_10_min: Annotated[float | None, Meta(description="km/h, from the distances between signals.")]
    direcao: Annotated[int | None, Meta(description="Degrees from 0 to 359, 0 is north.")]
    ignicao: int | None
    datahora: Moment
    idade_segundos: Annotated[float, Meta(description="At gerado_em.", ge=0)]
    classe_idade: AgeClass
    status: Annotated[Doing | None, Meta(description="By the city's rules; null when the signal is old or impossible.")]
    em_servico: Annotated[
        bool, Meta(description="On a line, with a signal of the last ten minutes, and not in a garage.")
    ]
    flag_publicavel: Annotated[bool, Meta(description="Whether feeds for others may show it (GTFS-Realtime).")]
    estacao_proxima: NearStation | None
    progresso_m: Annotated[float | None, Meta(description="Metres from the start of the path.")]
    desvio_m: Annotated[float | None, Meta(description="Distance from the path in metres.")]
    comprimento_m: Annotated[float | None, Meta(description="Length of the path in metres.")]
    corredores: list[str]
    latitude: float
    longitude: float

    @property
    def goes(self) -> str | None:
        """The direction by movement where known, otherwise as labelled."""
        return self.sentido_estimado or self.sentido


class Vehicles(Struct, frozen=True):
    """All vehicles."""

    gerado_em: Annotated[Moment | None, Meta(description="When the newest answer of the API arrived.")]
    simulado: bool
    aviso: Annotated[str | None, Meta(description="What is stale or missing, in Portuguese.")]
    aviso_codigo: WarningCode | None
    veiculos: list[Vehicle]


class Point(Struct, frozen=True):
    """A position in GeoJSON: longitude, latitude."""

    coordinates: Annotated[list[float], Meta(min_length=2, max_length=2)]
    type: Literal["Point"] = "Point"


class VehicleFeature(Struct, frozen=True):
    """A vehicle in GeoJSON."""

    id: str
    geometry: Point
    properties: Vehicle
    type: Literal["Feature"] = "Feature"


class VehicleCollection(Struct, frozen=True):
    """All vehicles in GeoJSON."""

    gerado_em: Moment | None
    simulado: bool
    aviso: str | None
    aviso_codigo: WarningCode | None
    features: list[VehicleFeature]
    type: Literal["FeatureCollection"] = "FeatureCollection"


class Hour(Struct, frozen=True):
    """A line in one hour."""

    hora: Moment
    veiculos: int
    velocidade_mediana: float | None


class Lengths(Struct, frozen=True):
    """Lengths of the paths in metres."""

    ida: float | None
    volta: float | None


class LineInfo(Struct, frozen=True):
    """The fixed properties of a line."""

    linha: str
    nome: str
    servico: str
    extremo_a: str
    extremo_b: str
    corredores: list[str]
    cor: str
    comprimento_m: Lengths


class LineNow(LineInfo, frozen=True):
    """A line, and its service now."""

    em_servico: Annotated[int, Meta(description="Vehicles with a signal of the last ten minutes, not in a garage.")]
    em_terminais: Annotated[int, Meta(description="Those of them standing at a station or terminal.")]
    em_rota: Annotated[int, Meta(description="The others of them.")]
    velocidade_mediana: Annotated[float | None, Meta(description="Of those that move, km/h.")]
    regularidade: Annotated[Lengths, Meta(description="Coefficient of variation of the spacing on the path.")]
    idade_mediana_segundos: float | None
    historico: list[Hour]


class Lines(Struct, frozen=True):
    """All lines."""

    gerado_em: Moment | None
    aviso: str | None
    linhas: list[LineNow]


class StopOnPath(Struct, frozen=True):
    """A station on a path."""

    estacao_id: str
    nome: str
    distancia_m: float


class Pass(Struct, frozen=True):
    """A vehicle's pass of a station."""

    linha: str
    sentido: Direction
    codigo: str
    datahora: Moment
    ha_segundos: float


class LineAtStation(Struct, frozen=True):
    """A line that stops at a station."""

    linha: str
    sentido: Direction
    distancia_m: Annotated[float, Meta(description="Metres from the start of the path.")]
    ponta: Annotated[Literal["inicio", "fim"] | None, Meta(description="Whether the path begins or ends here.")]
    intervalo_previsto_segundos: Annotated[
        int | None, Meta(description="Planned for now; null on days without a plan.")
    ] = None
    segundos_sem_passar: Annotated[float | None, Meta(description="Since the last passage; null if unknown.")] = None
    flag_lacuna: Annotated[bool | None, Meta(description="Whether that is a gap in the service.")] = None


class StationNow(Struct, frozen=True):
    """A station, and its latest passes."""

    estacao_id: str
    nome: str
    tipo: Literal["terminal", "estacao"]
    corredores: list[str]
    latitude: float
    longitude: float
    linhas: list[LineAtStation]
    passagens: list[Pass]


class Coming(Struct, frozen=True):
    """A vehicle on its way to a station, or waiting at its first one."""

    linha: str
    sentido: Direction
    codigo: str
    falta_m: Annotated[float, Meta(description="Metres that the vehicle has to drive; 0 at the station.")]
    espera: Annotated[bool, Meta(description="Whether it has not left its first station yet.")]
    idade_segundos: Annotated[float, Meta(description="Age of its signal.")]


class StationBoard(StationNow, frozen=True):
    """A station, what passed it last, and what is on its way, the nearest first."""

    a_caminho: list[Coming]


class Stations(Struct, frozen=True):
    """All stations."""

    gerado_em: Moment | None
    estacoes: list[StationNow]


class PlannedHeadway(Struct, frozen=True):
    """A part of a weekday in which a bus of a line is due every `intervalo_s` seconds, in each direction."""

    linha: str
    valido_desde: Annotated[str, Meta(description="Date from which this version of the plan is valid.")]
    hora_inicio: Annotated[str, Meta(description="HH:MM.")]
    hora_fim: Annotated[str, Meta(description="HH:MM; 24:00 and later are hours of the next day.")]
    intervalo_s: int


class Plan(Struct, frozen=True):
    """The planned headways."""

    tipo_dia: str
    intervalos: list[PlannedHeadway]


class HealthDetails(Struct, frozen=True):
    """The state of the capture, the disk and the database."""

    captura: dict[str, Any]
    rejeicoes: list[dict[str, Any]]
    alertas: list[dict[str, Any]]
    disco: dict[str, Any]
    banco: dict[str, Any]


class Limits(Struct, frozen=True):
    """Thresholds of the models that a page needs too; their only home are the vars of the dbt project."""

    ao_vivo_segundos: Annotated[float, Meta(description="Up to this age a signal is live.")]
    em_silencio_segundos: Annotated[
        float, Meta(description="Up to this age it is late; beyond it the vehicle is silent.")
    ]
    fora_de_operacao_segundos: Annotated[float, Meta(description="A vehicle with an older signal is out of service.")]
    intervalo_max_segundos: Annotated[float, Meta(description="An older signal does not count as the previous one.")]
    viagem_desvio_m: Annotated[float, Meta(description="Within this distance of a path, a vehicle is on it.")]
    viagem_terminal_m: Annotated[float, Meta(description="Within this distance of its end, it is at the terminal.")]
    comboio_segundos: Annotated[float, Meta(description="Bunched: a headway of this or less (TransitMatters).")]
    comboio_fracao: Annotated[float, Meta(description="Bunched: less than this share of the plan (TransitMatters).")]
    comboio_fracao_larga: Annotated[float, Meta(description="Bunched: less than this share (OpenTransit).")]
    lacuna_fracao: Annotated[float, Meta(description="A gap: more than this share of the plan (OpenTransit).")]
    velocidade_limiar_parado_kmh: Annotated[float, Meta(description="From this speed on, a vehicle moves.")]
    controle_segurar_segundos: Annotated[float, Meta(description="A shorter hold at a terminal is not worth saying.")]
    previsao_silencio_segundos: Annotated[int, Meta(description="A bus silent for longer has no forecast.")]
    previsao_duvida_segundos: Annotated[int, Meta(description="From an older signal, a forecast is in doubt.")]
    espacamento_regular: Annotated[float, Meta(description="Even: a variation of the spacing up to this.")]
    espacamento_irregular: Annotated[float, Meta(description="Uneven: up to this; bunched: above it.")]
    trecho_minimo_passagens: Annotated[int, Meta(description="Fewer passages an hour are too few for a speed.")]


class Network(Struct, frozen=True):
    """Paths, stations and garages, each a GeoJSON FeatureCollection, and the thresholds of the models."""

    linhas: dict[str, Any]
    estacoes: dict[str, Any]
    garagens: dict[str, Any]
    costa: dict[str, Any] | None
    limiares: Limits


class Health(Struct, frozen=True):
    """Whether the capture keeps up."""

    status: Literal["ok"]
    gerado_em: Moment
    idade_segundos: float
    aviso: str | None


class Problem(Struct, frozen=True, omit_defaults=True):
    """A problem as in RFC 9457."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    errors: list[dict[str, Any]] = []
