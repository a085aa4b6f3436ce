"""Unusable environments are refused in a sentence; variables of other programs have no effect."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from brt_watch import cli
from brt_watch.cli import service
from brt_watch.errors import EnvironmentUnusable
from brt_watch.flows import home as flow_home
from brt_watch.settings import Settings, load_settings
from brt_watch.store import embedded
from brt_watch.store.database import Store
from brt_watch.store.embedded import Server
from brt_watch.transform.runner import _environment

UNUSABLE = {
    "a proxy by SOCKS": {"ALL_PROXY": "socks5://127.0.0.1:1080"},
    "a proxy of no kind": {"HTTPS_PROXY": "gopher://127.0.0.1"},
    "no proxy at all": {"HTTP_PROXY": "http://127.0.0.1:port"},
    "certificates that are not there": {"SSL_CERT_FILE": "/nowhere.pem"},
    "certificates that are none": {"SSL_CERT_FILE": "/etc/hostname"},
    "a folder of certificates that is not there": {"SSL_CERT_DIR": "/nowhere"},
    "a folder without certificates": {"SSL_CERT_DIR": str(Path(__file__).parent), "SSL_CERT_FILE": ""},
    "a log of keys that cannot be written": {"SSLKEYLOGFILE": "/nowhere/keys"},
}


def main(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    monkeypatch.setattr("sys.argv", ["brt-watch", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code


@pytest.fixture(params=UNUSABLE)
def unusable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    variables = UNUSABLE[request.param]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return next(iter(variables))


def test_start_refuses_in_a_sentence_and_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, unusable: str
) -> None:
    started: list[object] = []
    monkeypatch.setattr(service, "Service", started.append)
    assert main(monkeypatch, "start") == 2
    said = capsys.readouterr().err
    assert said.startswith("brt-watch: The API cannot be reached in this environment")
    assert unusable in said
    assert "Traceback" not in said
    assert (started, (tmp_path / "data").exists()) == ([], False)


def test_status_says_how_it_stands_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], unusable: str
) -> None:
    assert main(monkeypatch, "status") == 1
    printed = capsys.readouterr()
    assert "make start" in printed.out
    assert printed.err == ""


def test_a_proxy_that_works_is_no_reason_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:geheim@127.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1,::1")
    service.check_environment()


def test_a_password_of_a_proxy_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ALL_PROXY", "socks5://me:geheim@127.0.0.1:1080")
    assert main(monkeypatch, "start") == 2
    assert "geheim" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "proxy",
    [
        "me:geheim@[::1:80",
        "http://geheim@[::1",
        "me:ge/heim@proxy:80",
        "http://me:geheim/12@proxy:80",
        "socks5://geheim@proxy:80",
        "me:ge heim@[::1",
    ],
)
def test_no_form_of_a_proxys_address_shows_its_password(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(EnvironmentUnusable, match="HTTPS_PROXY=") as error:
        service.check_environment()
    assert "heim" not in str(error.value)


def test_dbt_gets_our_names_alone_and_the_users_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_TARGET", "prod")
    monkeypatch.setenv("DBT_FULL_REFRESH", "1")
    monkeypatch.setenv("DBT_ENV_SECRET_PASSWORD", "of another project")
    before = dict(os.environ)
    with _environment({"host": "db", "password": "geheim"}):
        ours = {name: value for name, value in os.environ.items() if name.startswith("DBT_")}
        assert ours == {"DBT_ENV_SECRET_PASSWORD": "geheim"}
        assert os.environ["BRT_WATCH_DBT_HOST"] == "db"
        os.environ["SOMETHING_ELSE"] = "set meanwhile by another thread"
    assert os.environ.pop("SOMETHING_ELSE") == "set meanwhile by another thread"
    assert dict(os.environ) == before


def test_libpqs_variables_do_not_reach_our_own_postgres(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(embedded, "_shut_out", {})
    for name in ("PGSSLMODE", "PGSERVICE", "PGHOSTADDR", "PGOPTIONS", "PGDATESTYLE"):
        monkeypatch.setenv(name, "x")
    Server.of(load_settings())
    assert not [name for name in os.environ if name.startswith("PG")]


def test_a_move_keeps_libpqs_variables_for_the_target(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PGSSLMODE is about the server of the user, and must not be lost on the way from the embedded one to it."""
    monkeypatch.setattr(embedded, "_shut_out", {})
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    here = Store(Settings(data=tmp_path / "data"))
    there = Store(Settings(data=tmp_path / "data", database_url=SecretStr("postgresql://me@db/brt")))
    for _ in range(2):
        assert here.url.startswith("postgresql://brt_watch:")
        assert "PGSSLMODE" not in os.environ
        assert there.url == "postgresql://me@db/brt"
        assert os.environ["PGSSLMODE"] == "verify-full"


def test_a_local_run_of_prefect_has_none_of_the_users_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An agent's variables stay: `enter` alone is what the runs of a Prefect Server come through."""
    foreign = {
        "PREFECT__USER_CONFIG_PATH": "/home/me/config.toml",
        "PREFECT__ENGINE__EXECUTOR__DEFAULT_CLASS": "prefect.executors.DaskExecutor",
    }
    for name in flow_home.environment(Settings(data=tmp_path)):
        monkeypatch.setenv(name, "of the user")
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    flow_home.enter(Settings(data=tmp_path))
    assert foreign.items() <= os.environ.items()
    flow_home.enter_alone(Settings(data=tmp_path))
    found = {name: value for name, value in os.environ.items() if name.startswith("PREFECT__")}
    assert found == flow_home.environment(Settings(data=tmp_path))
