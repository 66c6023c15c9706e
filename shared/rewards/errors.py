"""What is wrong with a rewards document, or with applying it."""

from shared.program.errors import DocumentError


class RewardsError(DocumentError):
    """A document is no list of rewards, or can't be applied as things stand."""
