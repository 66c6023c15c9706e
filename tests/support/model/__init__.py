"""The executable specification: what every account must look like, written to be read.

It knows nothing of the product's code, only the standard library. Read `account.py` (the law of
lots and debt), then `rules.py` and `orders.py`, then `world.py` (what is told, and what becomes of
it); then `rewards.py` and `shop.py` (what points buy). `stories.py` and `errands.py` make up events
to tell; `records.py` puts them on the wire.
"""

from tests.support.model.account import NEVER, Account, Entry, Lot, NotEnoughError
from tests.support.model.errands import Errands
from tests.support.model.records import encode, topic_of
from tests.support.model.rewards import Answer, Redemption, Reward
from tests.support.model.rules import FixedDate, MonthBatch, Never, Rolling, Rules
from tests.support.model.shop import Shop, StockError
from tests.support.model.stories import shuffled, stories
from tests.support.model.world import Event, World

__all__ = [
    "NEVER",
    "Account",
    "Answer",
    "Entry",
    "Errands",
    "Event",
    "FixedDate",
    "Lot",
    "MonthBatch",
    "Never",
    "NotEnoughError",
    "Redemption",
    "Reward",
    "Rolling",
    "Rules",
    "Shop",
    "StockError",
    "World",
    "encode",
    "shuffled",
    "stories",
    "topic_of",
]
