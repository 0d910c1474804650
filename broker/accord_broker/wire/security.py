"""TLS and credentials of a connection to a remote broker."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from accord_schemas.errors import UsageError

FILES = ("ca", "cert", "key")
"""Options of a broker URL that name PEM files: the certificate authority, the own certificate and its key."""


def tls_context(files: Mapping[str, Path]) -> ssl.SSLContext:
    """TLS with verified certificate and host name.

    Args:
        files: By name of `FILES`; without ``ca`` the system's authorities count.

    Raises:
        UsageError: A file cannot be used.
    """
    for name, path in files.items():
        if not path.is_file():
            raise UsageError(f"The file {path} ({name}= in the broker URL) does not exist.")
    try:
        context = ssl.create_default_context(cafile=files.get("ca"))
        if "cert" in files:
            context.load_cert_chain(files["cert"], files.get("key"), password="")  # else OpenSSL would ask
    except (OSError, ssl.SSLError) as error:
        names = ", ".join(str(path) for path in files.values())
        hint = "They must be PEM files, the key unencrypted and belonging to the certificate."
        raise UsageError(f"TLS cannot be set up with {names}: {error}.", hint=hint) from None
    return context


def credentials(account: str = "") -> tuple[str | None, str | None]:
    """User and password: ACCORD_BROKER_USER and ACCORD_BROKER_PASSWORD, or the files in the variables with ``_FILE``.

    Args:
        account: ``A`` or ``B`` where two brokers are used at once: ACCORD_BROKER_A_USER and ACCORD_BROKER_A_PASSWORD
            count before the others, if the user is given.

    Raises:
        UsageError: A file cannot be read.
    """
    if account and (user := _variable(f"ACCORD_BROKER_{account}_USER")) is not None:
        return user, _variable(f"ACCORD_BROKER_{account}_PASSWORD")
    return _variable("ACCORD_BROKER_USER"), _variable("ACCORD_BROKER_PASSWORD")


def variable(name: str, account: str = "") -> str | None:
    """What ``ACCORD_BROKER_NAME`` says, or ``ACCORD_BROKER_ACCOUNT_NAME`` where that is set."""
    own = os.environ.get(f"ACCORD_BROKER_{account}_{name}") if account else None
    return os.environ.get(f"ACCORD_BROKER_{name}") if own is None else own


def _variable(name: str) -> str | None:
    file = os.environ.get(f"{name}_FILE")
    if file is None:
        return os.environ.get(name)
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(f"The file {file} ({name}_FILE) cannot be read: {reason}.") from None
