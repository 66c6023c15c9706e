"""The boards, each in a module of its own."""

from deploy.grafana.boards import earn, expiry, kafka, overview, redeem

BOARDS = (overview.BOARD, earn.BOARD, redeem.BOARD, expiry.BOARD, kafka.BOARD)
