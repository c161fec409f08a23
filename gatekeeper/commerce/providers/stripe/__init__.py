"""Stripe: Checkout, subscriptions, refunds, disputes, customer portal, through the official library."""
