"""Run expiry: settings from the environment, then serve until SIGTERM."""

from services.expiry.app import serve
from services.expiry.settings import ExpirySettings
from shared.platform import log
from shared.platform.process import run


def main() -> None:
    """Run the service."""
    settings = ExpirySettings()
    log.configure("expiry", settings.log_level)
    run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
