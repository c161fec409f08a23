"""Who a reader is: address, e-mailed sign-in code, sessions, and the post that carries the mails."""
