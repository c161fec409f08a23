"""Alembic's scripts. A released one never changes; what it made is changed by the next."""
