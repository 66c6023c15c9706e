"""Run the mall: settings from the environment, then serve until SIGTERM."""

from services.mall.app import serve
from services.mall.settings import MallSettings
from shared.platform.process import run_service

if __name__ == "__main__":
    run_service("mall", MallSettings, serve)
