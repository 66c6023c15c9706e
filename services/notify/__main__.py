"""Run notify: settings from the environment, then serve until SIGTERM."""

from services.notify.app import serve
from services.notify.settings import NotifySettings
from shared.platform import log
from shared.platform.process import run


def main() -> None:
    """Run the service."""
    settings = NotifySettings()
    log.configure("notify", settings.log_level)
    run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
