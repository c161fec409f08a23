"""Coupons: what they take off, and who may still use one."""
