"""The overview: four questions, and what to look at when the answer is no."""

from typing import Final

from deploy.grafana.board import Board
from deploy.grafana.boards.overview import flowing, hands, truth, waiting

BOARD: Final = Board(
    name="overview",
    title="Jifen: overview",
    description="Four questions. A number that is not green says what to do when pointed at.",
    rows=[flowing.ROW, waiting.ROW, truth.ROW, hands.ROW],
)
