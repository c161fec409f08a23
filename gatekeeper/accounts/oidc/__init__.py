"""Signing in through another service: GitHub, and any OpenID Connect provider. Off until one is configured."""
