"""Run earn: settings from the environment, then serve until SIGTERM."""

from services.earn.app import serve
from services.earn.settings import EarnSettings
from shared.platform.process import run_service

if __name__ == "__main__":
    run_service("earn", EarnSettings, serve)
