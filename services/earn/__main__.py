"""Run earn: settings from the environment, then serve until SIGTERM."""

from services.earn.app import serve
from services.earn.settings import EarnSettings
from shared.platform import log
from shared.platform.process import run


def main() -> None:
    """Run the service."""
    settings = EarnSettings()
    log.configure("earn", settings.log_level)
    run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
