"""Run the mall: settings from the environment, then serve until SIGTERM."""

from services.mall.app import serve
from services.mall.settings import MallSettings
from shared.platform import log
from shared.platform.process import run


def main() -> None:
    """Run the service."""
    settings = MallSettings()
    log.configure("mall", settings.log_level)
    run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
