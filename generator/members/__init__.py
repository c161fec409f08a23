"""Members: how active readers are, where they stand, and how well that tells what comes next.

In the order in which it is worked out:

    settings     what an event is worth, from school.yml
    activity     events → points and active days of each reader
    buying       BG/NBD: who comes again, and how often, of readers with two active days or more
    once         readers with one active day: how many come back, by how long ago it was
    segments     chances → new, active, at risk, lapsed, champion
    judging      the same at an earlier moment, against what then happened
    report       all of it for the author, counts and shares only

Readers are pseudonyms from `lyceum signals export`; nothing here knows a name or an address. A segment is coarse on purpose.
"""
