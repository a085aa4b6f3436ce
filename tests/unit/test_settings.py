from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from brt_watch.errors import DatabaseUnreachable, SettingsError
from brt_watch.place import home
from brt_watch.resources import Resources
from brt_watch.settings import Settings, env_file, load_settings, unknown_names
from brt_watch.store.database import Store


def test_the_defaults_are_the_users_system() -> None:
    settings = load_settings()
    assert str(settings.feed_url) == "https://dados.mobilidade.rio/gps/brt"
    assert (settings.poll_seconds, settings.window_minutes, settings.load_minutes) == (20, 13, 13)
    assert settings.folder == home() / "data"
    assert settings.embedded_postgres


def test_all_problems_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRT_WATCH_POLL_SECONDS", "7")
    monkeypatch.setenv("BRT_WATCH_WINDOW_MINUTES", "9")
    monkeypatch.setenv("BRT_WATCH_CLOCK", "yesterday")
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "mysql://x")
    with pytest.raises(SettingsError) as error:
        load_settings()
    for name in ("POLL_SECONDS", "WINDOW_MINUTES", "CLOCK", "DATABASE_URL"):
        assert f"BRT_WATCH_{name}" in str(error.value)


@pytest.mark.parametrize("seconds", [10, 15, 20, 30, 60])
def test_the_polls_of_a_minute_can_be_set(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    monkeypatch.setenv("BRT_WATCH_POLL_SECONDS", str(seconds))
    assert load_settings().poll_seconds == seconds


def test_a_window_cannot_be_set_below_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRT_WATCH_WINDOW_MINUTES", "9")
    with pytest.raises(SettingsError, match="10"):
        load_settings()


@pytest.mark.parametrize("scheme", ["POSTGRESQL+psycopg2", "postgresql+psycopg-binary", "Postgres", "postgres"])
def test_any_spelling_of_the_scheme_is_understood(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", f"{scheme}://me:geheim@db/brt")
    assert load_settings().database_url.get_secret_value() == "postgresql://me:geheim@db/brt"


@pytest.mark.parametrize("sites", ["https://a.example; script-src *", "https://a.example\nX: y", "https://é.example"])
def test_sites_that_would_break_a_header_are_refused(monkeypatch: pytest.MonkeyPatch, sites: str) -> None:
    monkeypatch.setenv("BRT_WATCH_HTTP_EMBED", sites)
    with pytest.raises(SettingsError, match="BRT_WATCH_HTTP_EMBED"):
        load_settings()


def test_the_refusal_of_an_address_shows_its_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "mysql://me:geheim@db/brt")
    with pytest.raises(SettingsError, match="postgresql://user:password@host/database"):
        load_settings()


@pytest.mark.parametrize("driver", ["", "+psycopg2", "+psycopg", "+asyncpg", "+pg8000"])
def test_the_driver_in_an_address_of_sqlalchemy_is_dropped(monkeypatch: pytest.MonkeyPatch, driver: str) -> None:
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", f"postgresql{driver}://me:geheim@db/brt?sslmode=require")
    address = load_settings().database_url.get_secret_value()
    assert address == "postgresql://me:geheim@db/brt?sslmode=require"


@pytest.mark.parametrize(
    "address",
    ["postgresql://me:geheim@[db/brt", "postgresql://me:geheim@db/brt?sslmod=no", "postgresql://me:geheim%zz@db"],
)
def test_an_address_that_libpq_cannot_read_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", address)
    with pytest.raises(SettingsError, match="BRT_WATCH_DATABASE_URL") as error:
        load_settings()
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg2://me:ge/heim@db/brt",
        "postgresql://me:12/heim@db/brt",
        "postgresql://me:ge/heim?x@db/brt",
        "postgresql://me:ge@heim@db/brt",
        "postgresql://me:ge@/heim@db/brt",
    ],
)
def test_an_address_that_libpq_splits_in_its_password_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", address)
    with pytest.raises(SettingsError, match="%2F") as error:
        load_settings()
    assert "heim" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:a%40b%2Fc@db:5432/brt",
        "postgresql://me@one:5432,two:5433/brt?password=a@b",
        "postgresql://me:ge?h#m@[::1]:5432/brt",
        "postgresql:///brt?host=/run/postgresql",
    ],
)
def test_an_address_that_libpq_reads_whole_is_accepted(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", address)
    assert load_settings().database_url.get_secret_value() == address


@pytest.mark.parametrize("folder", ["", "  ", "\t", "~nobody-of-this-name/data", __file__, f"{__file__}/data"])
def test_a_folder_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", folder)
    with pytest.raises(SettingsError, match="BRT_WATCH_DATA"):
        load_settings()


def test_a_password_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "postgresql://me:geheim@db/brt")
    assert "geheim" not in repr(load_settings())
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "mysql://me:geheim@db/brt")
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert "geheim" not in str(error.value)


def test_env_file_fills_gaps_and_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert env_file() is None, "no test reads the file of who runs it"
    monkeypatch.delenv("BRT_WATCH_ENV_FILE")
    assert env_file() == home() / ".env"
    other = tmp_path / "other.env"
    other.write_text("BRT_WATCH_LOAD_MINUTES=5\nBRT_WATCH_HTTP_PORT=8005\nBRT_WATCH_PORT=1\n")
    monkeypatch.setenv("BRT_WATCH_ENV_FILE", str(other))
    monkeypatch.setenv("BRT_WATCH_HTTP_PORT", "8006")
    assert (load_settings().load_minutes, load_settings().http_port) == (5, 8006)
    assert [sentence.split(" ")[0] for sentence in unknown_names()] == ["BRT_WATCH_PORT"]


def test_a_misspelt_name_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRT_WATCH_FEED_URI", "x")
    assert unknown_names() == ["BRT_WATCH_FEED_URI is not a setting; do you mean BRT_WATCH_FEED_URL?"]


def test_brt_watch_works_without_postgres_if_set_so() -> None:
    settings = Settings(database_url=SecretStr("none"))
    assert not settings.uses_postgres
    assert not settings.embedded_postgres
    with pytest.raises(DatabaseUnreachable, match="needs Postgres"), Store(settings).connection():
        pass
    assert Resources.from_settings(settings).models.connection_parameters().keys() == {"duckdb"}
