"""Run the audit: settings from the environment, then serve until SIGTERM."""

from services.audit.app import serve
from services.audit.settings import AuditSettings
from shared.platform.process import run_service

if __name__ == "__main__":
    run_service("audit", AuditSettings, serve)
