"""Run the relay: settings from the environment, then serve until SIGTERM."""

from services.relay.app import serve
from services.relay.settings import RelaySettings
from shared.platform import log
from shared.platform.process import run


def main() -> None:
    """Run the service."""
    settings = RelaySettings()
    log.configure("relay", settings.log_level)
    run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
