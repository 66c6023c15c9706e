"""Jifen in the tests of those who send it events: the whole system, started and ended by a test.

    async with JifenStack() as stack:
        await stack.send_order("m-1", 12_800)
        await stack.wait_for_points("m-1", 128)

`jifen.testing.fixtures` has it as pytest fixtures. docs/testing.md is the guide.
"""

from jifen.testing.embedded import Embedded
from jifen.testing.errors import NoStackError, NotTakenError, WrongPointsError
from jifen.testing.stack import JifenStack

__all__ = ["Embedded", "JifenStack", "NoStackError", "NotTakenError", "WrongPointsError"]
