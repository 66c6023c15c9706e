"""What stops a batch besides failures of the database, the broker or our own code."""


class StaleOffsetsError(Exception):
    """The database holds other offsets than this consumer last stored: seek to those."""


class BrakeTrippedError(Exception):
    """Too many records were isolated: stop, and note it, before one more is."""


class BrakeEngagedError(Exception):
    """The brake was tripped and nobody has released it yet."""


class OverloadedError(Exception):
    """More callers wait than there is room for: come back a little later."""


class NotStartedError(Exception):
    """What the service needs was not there yet: come back a little later."""


class LostRaceError(Exception):
    """Another writer was first with something members share: load and decide again."""
