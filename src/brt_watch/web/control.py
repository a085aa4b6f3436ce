"""How the lines run now, for the controller's board: from the live models, as they have it."""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from brt_watch.transform.line_alerts import LineAlerts
from brt_watch.web.live_models import LiveModels
from brt_watch.web.schemas import Direction, LineAtStation, Moment, WarningCode

_SQL = files("brt_watch.transform") / "sql"
_ROUTES, _HEADWAYS, _ATTENTION, _STATIONS = (
    (_SQL / f"live_{name}.sql").read_text(encoding="utf-8") for name in ("routes", "headways", "attention", "stations")
)


AtStations = dict[str, dict[tuple[str, str], dict[str, Any]]]
"""Of each station, by line and direction, what is planned and what was missed."""


class RouteNow(Struct, frozen=True):
    """A line in one direction: its vehicles, its longest gap, and how long a waiting vehicle should be held."""

    linha: str
    sentido: Direction
    em_rota: int
    no_terminal: int
    intervalo_previsto_segundos: Annotated[
        int | None, Meta(description="Planned for now; null on days without a plan.")
    ]
    comboios: Annotated[int, Meta(description="Vehicles that are bunched with the one before.")]
    maior_intervalo_segundos: Annotated[float | None, Meta(description="Longest time without a vehicle at a station.")]
    estacao_id: Annotated[str | None, Meta(description="That station.")]
    flag_lacuna: Annotated[bool, Meta(description="Whether that is a gap in the service, while vehicles run.")]
    segurar_segundos: Annotated[float | None, Meta(description="Rest of the planned headway since the last departure.")]
    gravidade: Annotated[float, Meta(description="The direction with most needs a controller first.")]


class HeadwayNow(Struct, frozen=True):
    """A vehicle on its way, and how long after the one before it comes; null where that is unknown."""

    codigo: str
    linha: str
    sentido: Direction
    progresso_m: float
    estacao_id: Annotated[str | None, Meta(description="The station that it passed last.")]
    intervalo_segundos: float | None
    intervalo_previsto_segundos: int | None
    situacao: Literal["comboio", "lacuna", "normal"] | None


class Attention(Struct, frozen=True):
    """A vehicle of a line that is off its path or silent."""

    codigo: str
    linha: str
    motivo: Literal["em silêncio", "fora do trajeto"]
    idade_segundos: float
    estacao_nome: str | None


class WaitAlert(Struct, frozen=True):
    """An open alert: on a line in one direction the waits of passengers have doubled."""

    linha: str
    sentido: Direction
    desde: Moment
    espera_segundos: Annotated[float | None, Meta(description="Mean wait of the hour before the alert.")]
    espera_usual_segundos: float | None
    flag_do_plano: Annotated[bool, Meta(description="Whether the usual wait is the planned one.")]


class Control(Struct, frozen=True):
    """How the lines run as of the newest good poll, the direction that needs most attention first."""

    gerado_em: Moment | None
    simulado: bool
    aviso: str | None
    aviso_codigo: WarningCode | None
    percursos: list[RouteNow]
    intervalos: list[HeadwayNow]
    atencao: list[Attention]
    alertas: list[WaitAlert]


def routes_now(models: LiveModels) -> list[RouteNow]:
    """Return the lines and directions, the one that needs most attention first."""
    return [RouteNow(**row) for row in models.dicts(_ROUTES)]


def headways_now(models: LiveModels) -> list[HeadwayNow]:
    """Return the vehicles on their way, by line, direction and place."""
    return [HeadwayNow(**row) for row in models.dicts(_HEADWAYS)]


def attention_now(models: LiveModels) -> list[Attention]:
    """Return the vehicles off their path or silent."""
    return [Attention(**row) for row in models.dicts(_ATTENTION)]


def wait_alerts(folder: Path) -> list[WaitAlert]:
    """Return the open alerts of the lines, as the last transform left them in the data folder."""
    found = LineAlerts(folder).open()
    return [
        WaitAlert(each.line, each.direction, each.since, each.waited_s, each.usual_s, each.is_planned) for each in found
    ]


def stations_now(models: LiveModels) -> AtStations:
    """Return what is planned and what was missed at each station, by line and direction."""
    found: AtStations = defaultdict(dict)
    for row in models.dicts(_STATIONS):
        # Where a path stops twice at a station, its first stop counts.
        found[row.pop("estacao_id")].setdefault((row.pop("linha"), row.pop("sentido")), row)
    return found


def with_now(line: LineAtStation, now: dict[tuple[str, str], dict[str, Any]]) -> LineAtStation:
    """Return a line at a station, with what is planned and missed there now."""
    of_line = now.get((line.linha, line.sentido), {})
    return LineAtStation(line.linha, line.sentido, line.distancia_m, line.ponta, **of_line)
