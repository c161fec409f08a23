"""Signals on the author's side: fetched from the gatekeeper, brought in from elsewhere, kept as Parquet files.

gatekeeper → export ─┐
other system → reading → lessons, moments → arriving ─┴→ files → generator.recommend
"""
