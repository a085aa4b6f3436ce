"""Check the proxies and certificates in the environment of this process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import httpx

from brt_watch.errors import EnvironmentUnusable
from brt_watch.masking import MASK

TLS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


def check_environment() -> None:
    """Raise EnvironmentUnusable when the proxy or certificate variables would make every poll fail."""
    folders = os.environ.get("SSL_CERT_DIR")
    if folders and not any(Path(folder).is_dir() for folder in folders.split(os.pathsep)):
        raise EnvironmentUnusable(reason=f"there is no folder {folders}", names="SSL_CERT_DIR")
    if folders and not os.environ.get("SSL_CERT_FILE") and not _has_certificates(folders):
        raise EnvironmentUnusable(
            reason=f"{folders} has no certificates by the names that openssl rehash gives", names="SSL_CERT_DIR"
        )
    try:
        tls = httpx.create_ssl_context()
    except (OSError, ValueError) as error:
        raise _unusable(TLS, error) from None
    try:
        httpx.Client(verify=tls).close()
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        raise _unusable([*PROXIES, *map(str.lower, PROXIES)], error) from None


def _has_certificates(folders: str) -> bool:
    return any(any(Path(folder).glob("*.[0-9]")) for folder in folders.split(os.pathsep))


def _without_user(value: str) -> str:
    """Return the value without user and password; a proxy may be written without its scheme."""
    return re.sub(r"^(\w+://)?.*@", rf"\g<1>{MASK}@", value, flags=re.DOTALL)


def _unusable(names: Iterable[str], error: Exception) -> EnvironmentUnusable:
    named = {name: _without_user(os.environ[name]) for name in names if os.environ.get(name)}
    reason = f"{error}" if isinstance(error, ImportError) else type(error).__name__
    if not isinstance(error, ImportError) and not any("@" in value for value in named.values()):
        reason += f": {error}"  # which may repeat a part of a password
    said = ", ".join(f"{name}={value}" for name, value in named.items())
    return EnvironmentUnusable(reason=f"{said} does not work ({reason})", names=" and ".join(named) or "it")
