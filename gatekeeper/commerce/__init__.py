"""Selling: offers out of the manifest, orders, the ledger, payment providers, redemption codes (rule R8).

What a reader owns is never written down. It is derived from the ledger by `entitlements.entitlements`.
"""
