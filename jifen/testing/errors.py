"""What a test is told when the system does not do what it expects."""

from jifen.stack.errors import StackError


class NoStackError(StackError):
    """The system could not be started, or has no such part; the sentence says which."""


class NotTakenError(StackError):
    """Kafka did not take an event in time. It may be there: telling it again counts once."""


class WrongPointsError(AssertionError):
    """A member has other points than a test waits for; the text says what came instead."""
