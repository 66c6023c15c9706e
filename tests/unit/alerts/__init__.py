"""The rules of Prometheus: what they name is there, and each fires when it should and only then."""
