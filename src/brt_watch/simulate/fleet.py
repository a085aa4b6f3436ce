"""The vehicles of a simulated BRT: the registered ones, and the properties of their devices."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random


class Use(Enum):
    """The use of a registered vehicle."""

    SERVICE = "in service"
    RESTING = "silent for days"
    DEAD = "silent for months"
    SUPPORT = "a support car, parked"
    BENCH = "a tracker on a bench in another city"


@dataclass(frozen=True)
class Vehicle:
    """A row of the API's table. `clock_ahead_seconds` is the error of the device's clock."""

    codigo: str
    placa: str
    use: Use
    signal_seconds: int
    parked_signal_seconds: int
    phase: float
    """The phase of the device's signals, as a share of its period."""
    clock_ahead_seconds: int
    odometer_m: float
    ignition_unknown: bool = False


REGULAR = [*range(901001, 901169), *range(902001, 902483), *range(903001, 903072)]
"""The ranges of fleet numbers and the number of vehicles in each, as in 2025."""

ODD = [
    *["KXX0A00 PKP", "KXX1A01 PKP", "KXX2A02 PKP", "KXX3A03 PKP", "KXX4A04 PKP", "KYY1B11 SAVEIRO", "KYY2B22 - GOL"],
    *["LZZ3C33 ACELLO INFRA", "KYY4D44 - APOIO VAN", "RZZ5E55 MOTO", "Etios KZZ6060", "LZZ7777 PKP / T. I"],
    *["RZZ8F88 MONTANA", "E902000", "E902001", "B048", "B13", "A994324", "A993G20", "7003", "7005"],
    *["861039000000001", "861039000000002", "00CF000000 - A16 MAX", "486 Queclink - antigo  A8 PRO"],
    *["TESTE700", "teste140"],
]
"""Codes that are not fleet numbers, of the kinds found in the API."""

DEAD, RESTING = 24, 28
"""The number of vehicles silent for more than 30 days, and for 1 to 30."""

DEVICE_SECONDS = ([20, 30, 60], [48, 35, 17])
"""The periods of the devices, and the share of each in percent."""


def registered(chance: Random, copy: int = 0) -> list[Vehicle]:
    """Return the vehicles in the order of the API's table: 748, of which about 670 can drive.

    `copy` distinguishes fleets when there are several: from the second on, its number precedes each code.
    """
    buses = [str(number) for number in REGULAR]
    silent = chance.sample(buses, DEAD + RESTING - 12)
    uses = {**dict.fromkeys(buses, Use.SERVICE), **dict.fromkeys(silent, Use.RESTING)}
    uses |= dict.fromkeys(silent[: DEAD - 6], Use.DEAD)
    uses |= (
        dict.fromkeys(ODD, Use.SUPPORT) | dict.fromkeys(ODD[-14:-8], Use.RESTING) | dict.fromkeys(ODD[-6:], Use.DEAD)
    )
    uses |= dict.fromkeys(ODD[-8:-6], Use.BENCH) | {ODD[-4]: Use.BENCH}
    codes = sorted(buses, key=lambda codigo: int(codigo) + chance.uniform(0, 8))
    for code in ODD:
        codes.insert(chance.randrange(len(codes)), code)
    ahead = chance.choice([code for code in codes if uses[code] is Use.SERVICE])
    unknown = chance.choice(codes)
    return [
        Vehicle(
            codigo=f"{copy or ''}{code}",
            placa=f"SIM{copy % 10}{number:03d}",
            use=uses[code],
            signal_seconds=chance.choices(*DEVICE_SECONDS)[0],
            parked_signal_seconds=900 if chance.random() < 0.05 else 1800,
            phase=chance.random(),
            clock_ahead_seconds=chance.randrange(97, 155) if code == ahead else 0,
            odometer_m=0.0 if chance.random() < 0.015 else chance.lognormvariate(12, 0.9) * 1000,
            ignition_unknown=code == unknown,
        )
        for number, code in enumerate(codes)
    ]
