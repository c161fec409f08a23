"""`gatekeeper doctor`: looks at everything the service stands on, and says how to mend what is wrong.

Each check gives findings: ok, warning, failed, or skipped with the reason. Nothing is changed, no mail is sent, no secret is printed. One check
waits some seconds, for a signed URL to die.

The exit code is that of the worst finding: private objects that answer strangers (4) before settings (2), stores and servers (6), and
the rest (1). Warnings and skipped checks do not fail.
"""

from gatekeeper.doctor.examine import examine
from gatekeeper.doctor.finding import Finding, Found, exit_code

__all__ = ["Finding", "Found", "examine", "exit_code"]
