"""The executable specification: what every account must look like, written to be read.

It knows nothing of the product's code, only the standard library. Read `account.py` (the law of
lots and debt), then `rules.py` and `orders.py`, then `world.py` (what is told, and what becomes of
it). `stories.py` makes up events to tell; `records.py` puts them on the wire.
"""

from tests.support.model.account import NEVER, Account, Entry, Lot, NotEnoughError
from tests.support.model.records import encode, topic_of
from tests.support.model.rules import FixedDate, MonthBatch, Never, Rolling, Rules
from tests.support.model.stories import shuffled, stories
from tests.support.model.world import Event, World

__all__ = [
    "NEVER",
    "Account",
    "Entry",
    "Event",
    "FixedDate",
    "Lot",
    "MonthBatch",
    "Never",
    "NotEnoughError",
    "Rolling",
    "Rules",
    "World",
    "encode",
    "shuffled",
    "stories",
    "topic_of",
]
