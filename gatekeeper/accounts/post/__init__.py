"""The post: letters are put into the outbox with the fact they tell, and a sender carries them to the mail server."""
