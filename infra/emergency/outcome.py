"""How a command ends: each way has one exit code and one sentence."""

from __future__ import annotations

import sys

DONE = 0
FAILED = 1
MISUSED = 2
LOCKED = 3
REFUSED = 4
OPEN = 5


class LockedByAnother(Exception):
    """Somebody else is at work."""


class Refused(Exception):
    """The command does not apply now; nothing was changed."""


class Confirmation:
    """Asks before a step, unless everything was confirmed with --yes or nothing is changed anyway."""

    def __init__(self, is_confirmed: bool):
        self.is_confirmed = is_confirmed

    def ask(self, text: str) -> None:
        if self.is_confirmed:
            return
        if not sys.stdin.isatty():
            raise Refused(f"{text} Nobody can answer here: confirm with --yes")
        if input(f"{text} Type yes: ").strip().lower() != "yes":
            raise Refused("not confirmed")


def print_line(text: str) -> None:
    print(text, flush=True)
