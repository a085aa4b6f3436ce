"""The settings: one frozen object, read once from the environment and a file, and passed down."""

from __future__ import annotations

import difflib
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated

from dotenv import dotenv_values
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from brt_watch.clock import Clock, PretendClock
from brt_watch.errors import SettingsError
from brt_watch.feeds.listed import SECONDS, ListedFeed, is_kind, parse_feeds
from brt_watch.masking import EXAMPLE, masked
from brt_watch.place import IN_DEMO, home

PREFIX = "BRT_WATCH_"
ENV_FILE = f"{PREFIX}ENV_FILE"

PASSED_ON = (PREFIX, "AWS_", "AZURE_", "GOOGLE_")
"""How the variables begin that every program gets with its start: the settings, and the keys of storage."""

FEED_URL = "https://dados.mobilidade.rio/gps/brt"
RECOVER_URL = "https://its.mobilidade.rio/v1/geolocalizacao/veiculos"

MIN_CAPTURED_MINUTES = 10
"""A CSV never holds fewer captured minutes than this: a requirement, so a constant rather than a setting."""


def _is_clock(text: str) -> str:
    if text:
        PretendClock(text)
    return text


def _divides_the_minute(seconds: int, known: ValidationInfo) -> int:
    if seconds not in SECONDS:
        raise ValueError("it must be 10, 15, 20, 30 or 60")
    for feed in parse_feeds(known.data.get("feeds", "")):
        if feed.seconds and feed.seconds % seconds:
            raise ValueError(f"the feed {feed.name} is asked every {feed.seconds} s, which must be a multiple of it")
    return seconds


def _named_folder(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("it is empty; name a folder, or unset it")
    return value


def _absolute(folder: Path) -> Path:
    try:
        found = (home() / folder.expanduser()).resolve()
    except RuntimeError as error:  # ~somebody, whom the system does not know
        raise ValueError(str(error)) from None
    for place in (found, *found.parents):
        if os.path.lexists(place) and not place.is_dir():
            raise ValueError(f"{place} is not a folder")
    return found


STORAGE = ("s3", "gs", "abfss", "hdfs", "file")
"""The kinds of storage to which a lake can be copied."""

NO_POSTGRES = "none"
"""The database address that means: no Postgres, only the lake."""


def is_postgres_url(url: SecretStr) -> SecretStr:
    """Return the address of a Postgres, without the driver that SQLAlchemy writes into it; raises ValueError."""
    written = url.get_secret_value()
    if not written or written == NO_POSTGRES:
        return url
    written = re.sub(r"^postgres(?:ql)?(?:\+[\w.-]+)?://", "postgresql://", written.strip(), flags=re.IGNORECASE)
    if not written.startswith("postgresql://"):
        raise ValueError(f"it has the form {EXAMPLE}")
    try:
        read = conninfo_to_dict(written)
    except ProgrammingError:
        # Without libpq's words, which repeat parts of the address.
        read = None
    # libpq ends the password at its first @ or /, and takes the rest for a host, port or database, which messages name.
    server, _, database = written.removeprefix("postgresql://").partition("/")
    torn = server.count("@") > 1 or "@" in database.partition("?")[0]
    if read is None or torn or not re.fullmatch(r"[\d,]*", str(read.get("port", ""))):
        raise ValueError(
            "it cannot be read; write special characters of a password as %40 (@), %3A (:), %2F (/), %25 (%)"
        )
    return SecretStr(written)


def _lists_sites(text: str) -> str:
    # It becomes part of a header, in which a semicolon starts another rule.
    if ";" in text or not (text.isascii() and text.isprintable()):
        raise ValueError("it lists sites separated by commas, such as https://example.org")
    return text


def _is_web_address(url: SecretStr) -> SecretStr:
    if url.get_secret_value():
        TypeAdapter(HttpUrl).validate_python(url.get_secret_value())
    return url


def _is_storage(place: SecretStr) -> SecretStr:
    """Return the place, a folder as an absolute one; raises ValueError."""
    written = place.get_secret_value()
    scheme, is_address, _ = written.partition("://")
    if is_address and scheme not in STORAGE:
        raise ValueError(f"it is a folder, or an address that begins with {', '.join(STORAGE)}")
    return place if is_address or not written else SecretStr(str(_absolute(Path(written))))


def _lists_feeds(text: str, known: ValidationInfo) -> str:
    for feed in parse_feeds(text):
        if feed.name == known.data.get("feed"):
            raise ValueError(f"{feed.name!r} is the name of the first feed, that of its format (BRT_WATCH_FEED)")
    return text


def _is_address(url: str) -> str:
    if url:
        TypeAdapter(HttpUrl).validate_python(url)
    return url


def _is_file_or_address(text: str) -> str:
    return _is_address(text) if "://" in text else text


class Settings(BaseSettings):
    """The settings: the variable BRT_WATCH_<FIELD> sets each field. Relative paths start at `home()`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", validate_default=True)

    feed_url: Annotated[HttpUrl, Field(description="The API to capture.")] = HttpUrl(FEED_URL)
    feed: Annotated[
        str,
        AfterValidator(is_kind),
        Field(description="The format of its answers: brt, or gtfs_rt for another city."),
    ] = "brt"
    feeds: Annotated[
        str,
        AfterValidator(_lists_feeds),
        Field(
            description="Further feeds to capture: name=kind:address or name=kind@seconds:address, separated by "
            "blanks; empty: none."
        ),
    ] = ""
    gtfs: Annotated[
        str,
        AfterValidator(_is_file_or_address),
        Field(
            description="Another city's GTFS, a .zip or its address, for lines, time zone and map; empty: Rio's BRT."
        ),
    ] = ""
    recover_url: Annotated[
        str,
        AfterValidator(_is_address),
        Field(
            description="The service from which missed minutes are recovered, so far reached only as a double; "
            "empty: no recovery."
        ),
    ] = RECOVER_URL
    data: Annotated[
        Path,
        BeforeValidator(_named_folder),
        AfterValidator(_absolute),
        Field(description="The data folder."),
    ] = Path("data")
    database_url: Annotated[
        SecretStr,
        AfterValidator(is_postgres_url),
        Field(
            description="Your own Postgres (15 or newer), as postgresql://...; empty: the embedded one; "
            "none: no Postgres, history comes from the lake."
        ),
    ] = SecretStr("")
    postgres_port: Annotated[
        int, Field(ge=1024, le=65535, description="The loopback port of the embedded Postgres.")
    ] = 15432
    http_port: Annotated[int, Field(ge=1024, le=65535, description="The loopback port of the page and the API.")] = 8000
    http_cors: Annotated[
        str,
        Field(description="Other sites that may read the API: `*`, or origins separated by commas; empty: none."),
    ] = "*"
    http_embed: Annotated[
        str,
        AfterValidator(_lists_sites),
        Field(description="Sites that may embed the page: origins separated by commas, or `*`; empty: none."),
    ] = ""
    poll_seconds: Annotated[
        int,
        AfterValidator(_divides_the_minute),
        Field(description="Seconds between polls: 10, 15, 20, 30 or 60."),
    ] = 20
    window_minutes: Annotated[
        int,
        Field(ge=MIN_CAPTURED_MINUTES, le=24 * 60, description="Minutes after which a window (one CSV) is closed."),
    ] = 13
    load_minutes: Annotated[
        int, Field(ge=1, le=24 * 60, description="Minutes between loads of closed windows into Postgres.")
    ] = 13
    max_response_bytes: Annotated[
        int, Field(ge=1024, description="Maximum size of an answer in bytes; longer ones are refused.")
    ] = 32 * 1024 * 1024
    keep_raw_days: Annotated[
        int, Field(ge=0, description="Days to keep the raw answers of loaded windows; 0: for ever.")
    ] = 0
    keep_csv_days: Annotated[int, Field(ge=0, description="Days to keep the CSV of loaded windows; 0: for ever.")] = 0
    lake_mirror: Annotated[
        SecretStr,
        AfterValidator(_is_storage),
        Field(
            description="Where the lake is copied every hour: a folder, or an address such as s3://bucket/prefix; "
            "empty: nowhere."
        ),
    ] = SecretStr("")
    alert_webhook: Annotated[
        SecretStr,
        AfterValidator(_is_web_address),
        Field(description="Where alerts are sent: a Discord or Slack webhook, or any address that accepts JSON."),
    ] = SecretStr("")
    prefect_api: Annotated[
        HttpUrl, Field(description="The API of the Prefect Server, for `brt-watch flow register` and `flow agent`.")
    ] = HttpUrl("http://127.0.0.1:4200")
    flow_image: Annotated[
        str,
        Field(description="The image in which a Docker agent runs the flows; empty: agents run them locally."),
    ] = ""
    clock: Annotated[
        str,
        AfterValidator(_is_clock),
        Field(description="A simulated clock, for recordings (`brt-watch replay` prints it); empty: the real one."),
    ] = ""

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data

    @property
    def feed_name(self) -> str:
        """The address of the API for display, without a password."""
        return masked(str(self.feed_url))

    @property
    def gtfs_url(self) -> str:
        """The address of the GTFS of another city, "" if it is a file or none."""
        return self.gtfs if "://" in self.gtfs else ""

    @property
    def gtfs_file(self) -> Path | None:
        """The GTFS of another city, or its copy; None for Rio's BRT."""
        if self.gtfs_url:
            return self.folder / "city" / "gtfs.zip"
        return home() / Path(self.gtfs).expanduser() if self.gtfs else None

    @property
    def further(self) -> tuple[ListedFeed, ...]:
        """The feeds captured in addition to the first one."""
        return parse_feeds(self.feeds)

    def of(self, feed: ListedFeed) -> Settings:
        """Return the settings of a further feed: the same, with its own address and data folder."""
        own: dict[str, object] = {"feed": feed.kind, "feed_url": HttpUrl(feed.url), "feeds": "", "recover_url": ""}
        own |= {"data": self.folder / "feeds" / feed.name, "poll_seconds": feed.seconds or self.poll_seconds}
        return self.model_copy(update=own)

    @cached_property
    def time(self) -> Clock:
        """The clock of these settings."""
        return PretendClock(self.clock) if self.clock else Clock()

    @property
    def uses_postgres(self) -> bool:
        """Whether windows are loaded into a Postgres rather than into the lake alone."""
        return self.database_url.get_secret_value() != NO_POSTGRES

    @property
    def mirrors(self) -> bool:
        """Whether the lake is copied to another place."""
        return bool(self.lake_mirror.get_secret_value())

    @property
    def recovers(self) -> bool:
        """Whether missed minutes are recovered: the city's service covers only the city's own API."""
        return bool(self.recover_url) and (self.recover_url != RECOVER_URL or str(self.feed_url) == FEED_URL)

    @property
    def embedded_postgres(self) -> bool:
        """Whether brt-watch runs the embedded Postgres."""
        return not self.database_url.get_secret_value()


_SECRETS = [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]


def env_file() -> Path | None:
    """Return the settings file: .env at `home()`, or BRT_WATCH_ENV_FILE; None if that is empty."""
    name = os.environ.get(ENV_FILE, ".env")
    return home() / name if name else None


def load_settings() -> Settings:
    """Read the settings; raises SettingsError with all problems at once."""
    try:
        return Settings(_env_file=env_file())
    except ValidationError as error:
        problems = [
            f"  {PREFIX}{str(problem['loc'][0]).upper()}: {problem['msg'].removeprefix('Value error, ')}"
            + ("" if problem["loc"][0] in _SECRETS else f" (it is {masked(str(problem['input']))!r})")
            for problem in error.errors()
        ]
        raise SettingsError(problems="\n".join(problems)) from None


def unknown_names() -> list[str]:
    """Return a sentence for each BRT_WATCH_ variable that is not a setting, usually a typo."""
    known = [ENV_FILE, IN_DEMO, *(PREFIX + name.upper() for name in Settings.model_fields)]
    file = env_file()
    written = {*os.environ, *(dotenv_values(file) if file else ())}
    unknown = sorted(name for name in written if name.startswith(PREFIX) and name not in known)
    return [
        f"{name} is not a setting"
        + "".join(f"; do you mean {near}?" for near in difflib.get_close_matches(name, known, 1))
        for name in unknown
    ]
