"""A signal for the web: a row of gps_brt, from Postgres or from the live engine."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from brt_watch.web.schemas import Direction, Doing, Moment


class Signal(Struct, frozen=True, gc=False):
    """What a vehicle sent once, and what follows from it. Without a line, `linha` is null."""

    datahora: Moment
    codigo: str
    placa: str
    linha: str | None
    sentido: Annotated[str | None, Meta(description="As labelled, in the meaning that the label has today.")]
    trajeto: str
    latitude: float
    longitude: float
    velocidade: Annotated[float | None, Meta(description="km/h, as the device reports it.")]
    direcao: Annotated[int | None, Meta(description="Degrees as the device reports them; 360 and more are none.")]
    ignicao: int | None
    hodometro: Annotated[float | None, Meta(description="km.")]
    sentido_estimado: Annotated[Direction | None, Meta(description="By movement where known, otherwise as labelled.")]
    progresso_m: Annotated[float | None, Meta(description="Metres from the start of the path.")]
    desvio_m: Annotated[float | None, Meta(description="Distance from the path in metres.")]
    velocidade_media_10_min: Annotated[float | None, Meta(description="km/h, from the distances between signals.")]
    status: Annotated[Doing | None, Meta(description="By the city's rules.")]
    qualidade: Annotated[str | None, Meta(description="Excellent, Good or Poor, as in TIDES.")]
    origem: Annotated[str | None, Meta(description="capturado, recuperado (a missed minute), importado.")]
    azimute: Annotated[int | None, Meta(description="Degrees from north, 0 to 359; null where the device has none.")]

    @property
    def key(self) -> tuple[datetime, str]:
        """The key of the signal."""
        return self.datahora, self.codigo
