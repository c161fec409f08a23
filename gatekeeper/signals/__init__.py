"""What readers do, as pages tell it: taken in, kept append-only, and handed to the author's side under pseudonyms.

    page → routes → telling (is it well-formed?) → robots (is it a person?) → intake (in memory) → book (the table) → door → author

Reading, buying and unlocking never wait for anything here (attack case E05).
"""
