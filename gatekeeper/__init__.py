"""The reader's side of Lyceum: who is asking, what they own, and what they may have.

`gatekeeper` never imports `generator`; both share `gatekeeper.contract` (rule R5).
"""
