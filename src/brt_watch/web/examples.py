"""Examples of the answers for the OpenAPI document: a bus of line 22 near Bosque Marapendi."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import asdict

from brt_watch.clock import UTC
from brt_watch.web.control import Attention, Control, HeadwayNow, RouteNow, WaitAlert
from brt_watch.web.history_schemas import (
    Coverage,
    Day,
    Gap,
    History,
    Minute,
    Playback,
    Played,
    Range,
    Stringline,
    Trail,
    TrailPoint,
    TripTrack,
)
from brt_watch.web.schemas import (
    Coming,
    Health,
    Hour,
    Lengths,
    LineAtStation,
    LineInfo,
    LineNow,
    Lines,
    NearStation,
    Pass,
    Plan,
    PlannedHeadway,
    Point,
    Problem,
    StationBoard,
    StationNow,
    Stations,
    StopOnPath,
    Vehicle,
    VehicleCollection,
    VehicleFeature,
    Vehicles,
)
from brt_watch.web.signals import Signal

NOW = datetime(2026, 11, 24, 18, 0, 1, tzinfo=UTC)
SENT = NOW - timedelta(seconds=21)
BEGIN = NOW.replace(hour=17, second=0)
PATH = "22 - JARDIM OCEÂNICO X ALVORADA (PARADOR) [VOLTA]"

VEHICLE = Vehicle(
    codigo="901008",
    placa="RIV8A74",
    linha="22",
    sentido="volta",
    sentido_estimado="volta",
    sentido_corrigido=False,
    trajeto=PATH,
    velocidade=31.0,
    velocidade_media_10_min=24.6,
    direcao=268,
    ignicao=1,
    datahora=SENT,
    idade_segundos=21.0,
    classe_idade="ao vivo",
    status="Em operação",
    em_servico=True,
    flag_publicavel=True,
    estacao_proxima=NearStation("TOBMP", "Bosque Marapendi", 140.2),
    progresso_m=1043.7,
    desvio_m=4.1,
    comprimento_m=6312.0,
    corredores=["TransOeste"],
    latitude=-23.0036,
    longitude=-43.3222,
)
_FEATURE = VehicleFeature("901008", Point([VEHICLE.longitude, VEHICLE.latitude]), VEHICLE)
_SIGNAL = Signal(
    *(SENT, "901008", "RIV8A74", "22", "volta", PATH, VEHICLE.latitude, VEHICLE.longitude, 31.0, 268, 1, 176266.6),
    *("volta", 1043.7, 4.1, 24.6, "Em operação", "Excellent", "capturado", 268),
)
_LINE = LineInfo(
    "22",
    "Terminal Alvorada - Terminal Jardim Oceânico",
    "parador",
    "Terminal Alvorada",
    "Terminal Jardim Oceânico",
    ["TransOeste"],
    "#81921f",
    Lengths(6290.4, 6312.0),
)
_STATION = StationNow(
    "TOBMP",
    "Bosque Marapendi",
    "estacao",
    ["TransOeste"],
    -23.0035,
    -43.32349,
    [LineAtStation("22", "volta", 1010.0, None, 108, 61.0, False)],
    [Pass("22", "volta", "901008", SENT - timedelta(seconds=40), 61.0)],
)
_MINUTE = Minute(BEGIN, 3, 3, 0, 0, 0, 23.5, 2244)
_GAP = Gap(BEGIN + timedelta(minutes=2), BEGIN + timedelta(minutes=5))
_POINT = TrailPoint(SENT, VEHICLE.latitude, VEHICLE.longitude, 31.0, 268, "22", "volta", 1043.7)

_EXAMPLES: tuple[msgspec.Struct, ...] = (
    VEHICLE,
    _FEATURE,
    VehicleCollection(NOW, False, None, None, [_FEATURE]),
    Vehicles(NOW, False, None, None, [VEHICLE]),
    Trail("901008", None, [_POINT]),
    Lines(
        NOW,
        None,
        [
            LineNow(
                **asdict(_LINE),
                em_servico=34,
                em_terminais=10,
                em_rota=24,
                velocidade_mediana=26.0,
                regularidade=Lengths(0.82, 1.36),
                idade_mediana_segundos=17.0,
                historico=[Hour(BEGIN, 36, 27.5)],
            )
        ],
    ),
    Control(
        *(NOW, False, None, None),
        [RouteNow("22", "volta", 12, 1, 108, 2, 251.0, "TOBMP", True, 43.0, 3.324)],
        [HeadwayNow("901008", "22", "volta", 1043.7, "TOBMP", 21.5, 108, "comboio")],
        [Attention("901123", "35", "em silêncio", 312.0, "Mato Alto")],
        [WaitAlert("35", "ida", BEGIN, 912.0, 420.0, True)],
    ),
    Stringline(
        *("22", "volta", BEGIN, NOW, None, 6312.0),
        [StopOnPath("TOBMP", "Bosque Marapendi", 1183.9)],
        [
            TripTrack(
                *("901008", 1),
                [(SENT.timestamp() - 20, 871.4, 30.0), (SENT.timestamp(), 1043.7, 31.0)],
                [(SENT.timestamp() - 60, SENT.timestamp())],
            )
        ],
        [_GAP],
        intervalo_mediano_segundos=104.0,
        fracao_comboio=0.12,
    ),
    _STATION,
    StationBoard(**asdict(_STATION), a_caminho=[Coming("22", "volta", "901008", 140.2, False, 23.5)]),
    Stations(NOW, [_STATION]),
    Coverage("2026-11-24", None, [_MINUTE]),
    Day("2026-11-24", 2158, 2160, 718, 1, 1),
    _SIGNAL,
    History(BEGIN, NOW, None, [_SIGNAL]),
    Playback(BEGIN, NOW, None, {"901008": Played("22", "volta", [(3579, -43.3222, -23.0036, 31.0, 268)])}, [_GAP]),
    Range(BEGIN - timedelta(days=30), NOW, None),
    Plan("dia útil", [PlannedHeadway("22", "2025-10-01", "05:00", "09:00", 108)]),
    Health("ok", NOW, 8.3, None),
    Problem("Unprocessable Entity", 422, "de must be earlier than ate."),
)


def by_schema() -> dict[str, Any]:
    """Return an example of each schema that has one, as in JSON."""
    return {type(example).__name__: msgspec.json.decode(msgspec.json.encode(example)) for example in _EXAMPLES}
