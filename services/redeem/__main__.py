"""Run redeem: settings from the environment, then serve until SIGTERM."""

from services.redeem.app import serve
from services.redeem.settings import RedeemSettings
from shared.platform.process import run_service

if __name__ == "__main__":
    run_service("redeem", RedeemSettings, serve)
