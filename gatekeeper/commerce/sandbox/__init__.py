"""A payment provider that is not one: a local checkout that moves no money, for demos and tests.

It behaves like a real one: it has its own books, its own page where one pays, and it tells the shop only by signed messages that may
be late, repeated or out of order, and that it delivers again until they are answered with 200. It refuses to exist in live mode.
"""
