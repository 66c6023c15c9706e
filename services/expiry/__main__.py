"""Run expiry: settings from the environment, then serve until SIGTERM."""

from services.expiry.app import serve
from services.expiry.settings import ExpirySettings
from shared.platform.process import run_service

if __name__ == "__main__":
    run_service("expiry", ExpirySettings, serve)
