"""Run the relay: settings from the environment, then serve until SIGTERM."""

from services.relay.app import serve
from services.relay.settings import RelaySettings
from shared.platform.process import run_service

if __name__ == "__main__":
    run_service("relay", RelaySettings, serve)
