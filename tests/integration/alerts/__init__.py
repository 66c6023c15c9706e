"""Every service under a real Prometheus: what breaks is told, and nothing else."""
