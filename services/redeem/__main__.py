"""Run redeem: settings from the environment, then serve until SIGTERM."""

from services.redeem.app import serve
from services.redeem.settings import RedeemSettings
from shared.platform import log
from shared.platform.process import run


def main() -> None:
    """Run the service."""
    settings = RedeemSettings()
    log.configure("redeem", settings.log_level)
    run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
