"""A member's inbox: what was told, kept as data until somebody reads it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; `data` is the JSON that its text is made from."""

    id: int
    cause: str
    template: str
    data: bytes
    created_at: datetime
    read_at: datetime | None
