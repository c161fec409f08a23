"""How the service is looked after while it runs: health, readiness, metrics, logs, and its end."""
