"""What the stack remembers between two starts: ports, passwords, places.

One file, readable by its owner alone, replaced whole, so that a kill leaves the old one or the
new one.
"""

import secrets
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jifen.stack.errors import StackError
from jifen.stack.roles import SERVICE_ROLES

FILE = "state.json"


def _password() -> str:
    return secrets.token_hex(24)


class State(BaseModel):
    """The memory of one checkout's stack."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    owner_password: str = Field(default_factory=_password)
    role_passwords: dict[str, str] = Field(default_factory=dict)
    ports: dict[str, int] = Field(default_factory=dict)
    postgres_home: Path | None = None
    control_socket: Path | None = None
    services: tuple[str, ...] = ()
    # Set when the stack runs on servers that somebody else keeps.
    database_url: str | None = None
    kafka_bootstrap: str | None = None

    def with_passwords(self, roles: Iterable[str] = SERVICE_ROLES) -> "State":
        """Return a state in which every role has a password; given ones stay."""
        passwords = {role: self.role_passwords.get(role) or _password() for role in roles}
        return self.model_copy(update={"role_passwords": passwords})


def load(home: Path) -> State | None:
    """Return what the stack in a folder remembers, or None where there has been none."""
    try:
        return State.model_validate_json((home / FILE).read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise StackError(
            f"{home / FILE} can't be read ({error.error_count()} errors). It holds the password of "
            "the data beside it: mend it, or remove the whole folder to begin anew"
        ) from None


def save(home: Path, state: State) -> None:
    """Replace what the stack in a folder remembers."""
    fresh = home / f"{FILE}.new"
    fresh.touch(mode=0o600)
    fresh.chmod(0o600)
    fresh.write_text(state.model_dump_json(indent=2) + "\n")
    fresh.rename(home / FILE)
