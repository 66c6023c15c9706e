"""Run notify: settings from the environment, then serve until SIGTERM."""

from services.notify.app import serve
from services.notify.settings import NotifySettings
from shared.platform.process import run_service

if __name__ == "__main__":
    run_service("notify", NotifySettings, serve)
