"""What goes wrong while the stack is started, said so that a person can act on it."""


class StackError(Exception):
    """A sentence for the person at the terminal: what failed and what they can do."""
