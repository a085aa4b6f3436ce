"""Map the columns of an imported table to those of the capture: as the user says, or by known names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

NAMES = {
    "codigo": ("codigo", "id_veiculo", "codigo_onibus", "codigo_veiculo", "vei_nro_gestor", "vehicle_id", "veiculo"),
    "placa": ("placa", "license_plate"),
    "linha": ("linha", "servico", "route_short_name"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng", "long"),
    "dataHora": ("datahora", "timestamp_gps", "datahora_gps", "comunicacao", "dataposicao+horaposicao"),
    "velocidade": ("velocidade", "speed"),
    "id_migracao_trajeto": ("id_migracao_trajeto",),
    "sentido": ("sentido",),
    "trajeto": ("trajeto", "vista", "nomeitinerario", "itinerario"),
    "hodometro": ("hodometro", "odometer"),
    "direcao": ("direcao", "bearing", "heading"),
    "ignicao": ("ignicao", "ignition"),
    "capacidadePeVeiculo": ("capacidadepeveiculo", "capacidade_pe"),
    "capacidadeSentadoVeiculo": ("capacidadesentadoveiculo", "capacidade_sentado"),
    "captured_at": (
        *("captured_at", "timestamp_captura", "timestamp", "datahoracoleta", "datacoleta+horacoleta"),
        *("coleta_ts", "datahora_captura"),
    ),
}
"""The columns of the capture, each with its names in published tables, the best first."""

REQUIRED = ("codigo", "latitude", "longitude", "dataHora")

DERIVED = {"index", "unnamed0", "data", "hora", "ano", "mes", "dia", "direction", "tripshortname", "tripid", "modo"}
"""Columns of known tables that repeat others or were derived later; they are left out, and named to the user."""

VENDOR = "vei_nro_gestor"
"""A column of the device vendor's tables, whose `direcao` is an eighth of the circle instead of degrees."""


def match_columns(header: Sequence[str], asked: Mapping[str, str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the file's columns for each column of the capture, and the names of those kept in `extra`.

    `asked` maps some of them: to a column, or to several joined with `+`. Raises ValueError that names missing ones.
    """
    if not any(header):
        raise ValueError("it is empty, or has no header")
    there = {_plain(name): name for name in header}
    found: dict[str, list[str]] = {}
    for target, names in NAMES.items():
        for name in [asked[target]] if target in asked else names:
            parts = [there.get(_plain(part)) for part in name.split("+")]
            if all(parts):
                found[target] = [part for part in parts if part]
                break
        else:
            if target in asked:
                raise ValueError(
                    f"it has no column {asked[target]} (for {target}); its columns are {', '.join(header)}"
                )
    if unknown := set(asked) - set(NAMES):
        raise ValueError(f"{', '.join(sorted(unknown))} is no column of the capture; those are {', '.join(NAMES)}")
    if VENDOR in header and "direcao" not in asked:
        found.pop("direcao", None)
    if missing := [target for target in REQUIRED if target not in found]:
        raise ValueError(
            f"it has no column for {', '.join(missing)}; its columns are {', '.join(header)}; "
            f"name one: --column {missing[0]}=NAME"
        )
    taken = {name for parts in found.values() for name in parts}
    left = [name for name in header if name not in taken and _plain(name) not in DERIVED and _plain(name)]
    return found, {name: "oitavo" if VENDOR in header and name == "direcao" else name for name in left}


def _plain(name: str) -> str:
    """Return a name without accents, blanks, underscores and capitals."""
    letters = unicodedata.normalize("NFD", name)
    return re.sub(r"[^a-z0-9]", "", letters.lower())
