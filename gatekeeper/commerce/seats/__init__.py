"""Seats: a team's orders, the invitations of its manager, and who sits where."""
