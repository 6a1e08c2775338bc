"""Addresses of libraries on a server, as people write them: ``postgresql://host/name``."""

import hashlib
from urllib.parse import SplitResult, parse_qsl, urlsplit

from db.errors import SettingsError

SCHEMES = ("postgresql", "postgres")
_AS_IN = "Write it as in postgresql://host/name."


def is_address(library: object) -> bool:
    """Whether somebody names a library on a server, not a folder."""
    return isinstance(library, str) and library.startswith(tuple(f"{scheme}:" for scheme in SCHEMES))


def checked(address: str) -> str:
    """The address as it may be kept and handed on.

    Raises:
        SettingsError: it is none, or has a password in it, which lists of processes and logs would show.
    """
    parts, options = _parts(address)
    if parts.password is not None or options.keys() & {"password", "passfile", "sslpassword"}:
        raise SettingsError(
            "the address of the library has a password in it, which others on this machine could see",
            "Put the password into ~/.pgpass or the environment variable PGPASSWORD.",
        )
    if not parts.path.strip("/") or "/" in parts.path.strip("/"):
        raise SettingsError("the address of the library names no database", _AS_IN)
    return f"{SCHEMES[0]}{address[address.index(':') :]}"


def shown(address: str) -> str:
    """The address as it is told: where it is, without the user and the options."""
    return f"{SCHEMES[0]}://{'/'.join(_place(address))}"


def digest(address: str) -> str:
    """A short name for the library at an address, whoever opens it and how."""
    return hashlib.sha256("\n".join(_place(address)).encode()).hexdigest()[:16]


def _place(address: str) -> tuple[str, str]:
    parts, options = _parts(address)
    port = parts.port or options.get("port", "")
    return f"{parts.hostname or options.get('host', '')}{f':{port}' if port else ''}", parts.path.strip("/")


def _parts(address: str) -> tuple[SplitResult, dict[str, str]]:
    try:
        parts = urlsplit(address)
        _ = parts.port  # a word there is found out only now
    except ValueError as exc:
        raise SettingsError("the address of the library cannot be read", _AS_IN) from exc
    return parts, dict(parse_qsl(parts.query))
