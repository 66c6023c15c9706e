"""What goes wrong while orders are told, said so that a person can act on it."""

from jifen.stack.errors import StackError


class ReplayError(StackError):
    """A file can't be told, or what was told did not end where it must; the sentence says why."""
