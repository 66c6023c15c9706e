"""What a request of redeem carries: its body, and the key that names it."""

from typing import Annotated, Final

from fastapi import Header

from shared.contract.types import Flag, Id, LongText, Quantity
from shared.platform.commands import CommandBody

KEY_HEADER: Final = "Idempotency-Key"
KEY_PATTERN: Final = r"^[\x21-\x7e]+$"
MOST_KEY: Final = 255
MOST_TRACE: Final = 255

Key = Annotated[
    str,
    Header(
        alias=KEY_HEADER,
        min_length=1,
        max_length=MOST_KEY,
        pattern=KEY_PATTERN,
        description="Names the request, for ever: the same key and body get the first answer.",
    ),
]
Trace = Annotated[str | None, Header(max_length=MOST_TRACE)]


class WantBody(CommandBody):
    """A reward, and how many pieces of it."""

    reward_id: Id
    quantity: Quantity = 1


class RequestBody(WantBody):
    """What a member wants; with `confirm` there is no second step."""

    confirm: Flag = False


class CancelBody(CommandBody):
    """Why it is given up, for people."""

    reason: LongText | None = None
