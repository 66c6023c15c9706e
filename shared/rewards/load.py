"""From a text to Rewards; and the example that ships with us."""

from importlib import resources

from pydantic import ValidationError

from shared.program.document import Document, Path, dotted, read
from shared.program.errors import DocumentError, Fault
from shared.program.faults import faults_of
from shared.rewards.errors import RewardsError
from shared.rewards.models import Rewards


def parse(text: str) -> Rewards:
    """Read a rewards document; raises RewardsError with every fault there is."""
    return load(text)[0]


def load(text: str) -> tuple[Rewards, Document]:
    """Read a rewards document, and keep where it says what; raises RewardsError."""
    try:
        document = read(text, "rewards")
    except DocumentError as error:
        raise RewardsError(error.faults) from None
    faults = list(document.faults)
    rewards = None
    try:
        rewards = Rewards.model_validate(document.data)
        faults += _twice(rewards, document)
    except ValidationError as error:
        faults += faults_of(error, document, Rewards)
    if rewards is None or faults:
        raise RewardsError(sorted(faults, key=lambda fault: fault.line or 0))
    return rewards, document


def example_text() -> str:
    """Return the example document, comments and all."""
    return resources.files("shared.rewards").joinpath("example.yaml").read_text("utf-8")


def fault_at(path: Path, message: str, document: Document) -> Fault:
    """Make a fault of a value that is in the document."""
    return Fault(path=dotted(path), message=message, line=document.lines.get(path))


def _twice(rewards: Rewards, document: Document) -> list[Fault]:
    first: dict[str, int] = {}
    faults = []
    for i, reward in enumerate(rewards.rewards):
        if first.setdefault(reward.id, i) != i:
            other = first[reward.id]
            message = f"expected an id of its own, got {reward.id!r}, which is rewards.{other}'s"
            faults.append(fault_at(("rewards", i, "id"), message, document))
    return faults
