"""The exceptions. The class docstring is the message: it says what happened and what to do.

BrtWatchError
├── SettingsError         a setting is wrong
├── FolderUnusable        the data folder cannot be written
├── EnvironmentUnusable   an environment variable prevents access to the API
├── AlreadyRunning        another process does this work in the same data folder
├── NotRunning            the service must run for this
├── ServiceFailed         a process of the service does not start
├── SupervisorSilent      the service runs, but its supervisor does not answer
├── PortBusy              the port of the embedded Postgres is taken
├── WebPortBusy           the port of the page is taken
├── PostgresFailed        the embedded Postgres does not start
├── DatabaseUnreachable   no Postgres answers
│   ├── WithoutPostgres   the settings say to work without one
│   └── LakeUnreadable    the lake, used without a Postgres, cannot be read
├── DatabaseRefused       Postgres refuses a statement
│   └── ModelsInUse       another program has opened the models on the lake
├── MoveRefused           the database cannot be moved to another Postgres
├── DamagedWindow         a closed window differs from its manifest
├── DamagedRecords        lines of a brt.csv cannot be read
├── ModelsFailed          the live page cannot derive anything
├── HistoryIncomplete     part of the requested time was captured but is not derived yet
├── NotDerived            a model does not exist yet
├── TransformFailed       dbt ended with errors
├── SparkFailed           a Spark cluster did not derive the models
├── RecordingError        a recording cannot be played
├── ImportFailed          a file to import has no known format
├── LakeEmpty             the lake has no signals yet
├── MirrorFailed          object storage refuses a copy of the lake
├── RemoteUnreadable      a copy of the lake cannot be read
├── MixedData             simulated and real data would be mixed
│   └── MixedPlace        a copy or a published site would mix them
├── RecoveryOff           missed minutes cannot be recovered
├── NothingToScore        the data folder has no truth of a simulation
├── NetworkError          the reference files of the network, or a GTFS, are not usable
├── FaultSpecError        a fault for the simulated API is not valid
├── ServerUnreachable     no Prefect Server answers
├── NotRegistered         the Prefect Server does not accept the flows
└── PollFailed            the API gave no usable answer (recorded in the ledger, never fatal)
    ├── FeedFailed        no complete answer arrived
    └── NotTheContract    an answer arrived that is not the API's contract
"""

from __future__ import annotations

import re

from brt_watch.masking import masked
from brt_watch.place import as_typed


class BrtWatchError(Exception):
    """brt-watch cannot continue."""

    exit_code = 1

    def __init__(self, **details: object) -> None:
        self.details = details
        text = as_typed((self.__doc__ or "").format(**details))
        # No message holds a password, wherever the text came from, nor the numbers of the system's errors.
        super().__init__(masked(re.sub(r"\[Errno \d+\] ", "", text, flags=re.IGNORECASE)))


class SettingsError(BrtWatchError):
    """The settings are not usable. Change them in the environment or in .env:\n{problems}"""

    exit_code = 2


class FolderUnusable(BrtWatchError):
    """The folder {folder} cannot be written: {reason}. \
Give this user the right to write there, or set BRT_WATCH_DATA to another folder."""

    exit_code = 2


class EnvironmentUnusable(BrtWatchError):
    """The API cannot be reached in this environment: {reason}. Correct or unset {names}, then start again."""

    exit_code = 2


class AlreadyRunning(BrtWatchError):
    """{what} runs already for this data folder (process {pid}). Stop it first: make stop."""


class NotRunning(BrtWatchError):
    """brt-watch does not run for this data folder. Start it: make start."""


class ServiceFailed(BrtWatchError):
    """{name} did not come up. Its log says why: {log}"""


class SupervisorSilent(BrtWatchError):
    """brt-watch runs (supervisor is process {pid}), but supervisor cannot be asked: {reason}. \
Captures continue. To recover: make stop, then make start."""


class PortBusy(BrtWatchError):
    """Port {port} is in use by another program, so the embedded Postgres cannot listen there. \
Set BRT_WATCH_POSTGRES_PORT to a free port, or stop that program."""


class WebPortBusy(BrtWatchError):
    """The page cannot be served on {host}, port {port}: {reason}. \
Set BRT_WATCH_HTTP_PORT to a free port, or stop the program that uses it."""


class PostgresFailed(BrtWatchError):
    """The embedded Postgres did not come up: {reason}. Its log: {log}"""


class DatabaseUnreachable(BrtWatchError):
    """Postgres does not answer at {where}: {reason}. Nothing is lost: closed windows wait on disk until it is back. \
Start it (make start_db), or correct BRT_WATCH_DATABASE_URL."""


class WithoutPostgres(DatabaseUnreachable):
    """This needs Postgres, and BRT_WATCH_DATABASE_URL says to work without one. \
Unset it for the embedded Postgres, or set it to the address of yours."""


class LakeUnreadable(DatabaseUnreachable):
    """The lake {folder} cannot be read: {reason}. The data on disk is unchanged; try again."""


class DatabaseRefused(BrtWatchError):
    """Postgres refuses: {reason}. Nothing is lost: closed windows wait on disk. \
The user of BRT_WATCH_DATABASE_URL needs the right to create tables in its database."""


class ModelsInUse(DatabaseRefused):
    """The models on the lake cannot be derived: another program has opened {file}. Close it, then try again; \
the derived models are also in the Parquet files of lake/modelos."""


class MoveRefused(BrtWatchError):
    """The database cannot be moved to {where}: {reason}. Nothing was changed, neither here nor there."""


class DamagedWindow(BrtWatchError):
    """The window {folder} differs from its manifest ({difference}). \
Its raw answers are in its folder raw."""


class DamagedRecords(BrtWatchError):
    """The records of a window cannot be read: {problem}"""


class ModelsFailed(BrtWatchError):
    """The models cannot be run on DuckDB: {reason}. The capture continues; the page retries automatically."""


class HistoryIncomplete(BrtWatchError):
    """The signals captured since {since} are not derived yet. Try again after the next transform: \
brt-watch status shows the newest one."""


class NotDerived(BrtWatchError):
    """There is no {model} yet: derive the models with brt-watch transform, then try again."""


class TransformFailed(BrtWatchError):
    """dbt failed: {reason}. The whole log: {log}"""


class SparkFailed(BrtWatchError):
    """The models were not derived on Spark: {reason}"""


class RecordingError(BrtWatchError):
    """{file} cannot be played: {reason}. A recording is a .jsonl or .jsonl.gz file; \
each line is an object with captured_at and body."""


class ImportFailed(BrtWatchError):
    """{file} cannot be imported: {reason}. Supported formats: docs/how-to/import-captures.md."""


class LakeEmpty(BrtWatchError):
    """The lake {folder} has no signals yet. Each load adds its window; to add the archive: \
brt-watch lake build."""


class MirrorFailed(BrtWatchError):
    """The lake was not copied to {target}: {reason}. What was copied stays; the next copy goes on from there."""


class RemoteUnreadable(BrtWatchError):
    """The lake at {address} cannot be read: {reason}. Check the address and the keys of the storage."""


class MixedData(BrtWatchError):
    """{folder} would mix real and simulated data. \
Set BRT_WATCH_DATA to another folder."""


class MixedPlace(MixedData):
    """{place} would mix real and simulated data: what is there is {there}, and the lake in {folder} is not. \
Name another place."""

    def __init__(self, place: object, folder: object, is_simulated: bool) -> None:
        super().__init__(place=place, folder=folder, there="simulated" if is_simulated else "real")


class RecoveryOff(BrtWatchError):
    """There is no service to recover missed minutes from: BRT_WATCH_RECOVER_URL is empty, or the API that is captured \
is not the city's. Set BRT_WATCH_RECOVER_URL to the service that keeps the minutes of your feed."""

    exit_code = 2


class NothingToScore(BrtWatchError):
    """{folder} has no truth to compare with: its data is not simulated. See make demo and brt-watch simulate."""


class NetworkError(BrtWatchError):
    """{where}: {problem}. Nothing was changed; correct it, then try again."""


class FaultSpecError(BrtWatchError):
    """The fault {part!r} is not usable: {problem}. Write a name and a probability (timeouts:0.05), or a name and \
hours in Rio (outage@07:10-07:25) or full times (new_field@2026-11-23T08:00-03:00-), separated by commas. \
brt-watch simulate --list-faults lists all faults."""

    exit_code = 2


class ServerUnreachable(BrtWatchError):
    """No Prefect Server answers at {where} ({reason}). Start it (make server), or correct BRT_WATCH_PREFECT_API."""


class NotRegistered(BrtWatchError):
    """The Prefect Server at {where} rejected the flows: {reason}. Earlier registrations are unchanged."""


class PollFailed(BrtWatchError):
    """{reason}: {detail}"""

    def __init__(self, reason: str, detail: str = "", http_status: int | None = None) -> None:
        self.reason = reason
        self.detail = detail = masked(detail)
        self.http_status = http_status
        super().__init__(reason=reason, detail=detail)


class FeedFailed(PollFailed):
    """{reason}: {detail}"""


class NotTheContract(PollFailed):
    """{reason}: {detail}"""
