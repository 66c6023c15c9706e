"""Grafana's dashboards, made from Python: `python -m deploy.grafana.generate`."""
