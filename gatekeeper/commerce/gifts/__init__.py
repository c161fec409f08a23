"""Gifts: an order that somebody else redeems, the letter that brings its code, and what the giver may still change."""
