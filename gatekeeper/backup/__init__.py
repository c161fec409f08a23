"""Backups of the database: taken while the service runs, readable on either engine, verified, encrypted, kept for a while."""
