"""What operators have to know of each other: who is at work, what is paused, how far a restore is.

It lies in three parameters of the Parameter Store and not in the table, which may be what is broken. A parameter is
made without overwriting, so of two operators at the same moment one makes it and the other is told.
"""

from __future__ import annotations

import getpass
import json
import socket
import time
import uuid
from contextlib import contextmanager
from datetime import datetime, timezone

from aws import Aws, AwsError
from outcome import LockedByAnother, print_line


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_since(time_text: str) -> float:
    then = datetime.strptime(time_text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return time.time() - then.timestamp()


class SharedState:
    """The parameters of one stack."""

    def __init__(self, aws: Aws, stack: str):
        self.aws, self.prefix = aws, f"/{stack}/emergency"
        self.token: str | None = None

    def load(self, name: str) -> dict | None:
        found = self.aws.read_or(("ParameterNotFound",), "ssm", "get-parameter", "--name", f"{self.prefix}/{name}")
        return json.loads(found["Parameter"]["Value"]) if found else None

    def save(self, name: str, value: dict) -> None:
        """Writes a record; a dry run writes none, and none is printed, because it belongs to the command itself."""
        if self.aws.dry_run:
            return
        self.check()
        text = json.dumps(value, separators=(",", ":"))
        self._put(name, text, "--overwrite")

    def forget(self, name: str) -> None:
        if self.aws.dry_run:
            return
        self.check()
        self.aws.change("ssm", "delete-parameter", "--name", f"{self.prefix}/{name}")

    def who(self) -> str:
        """The person at this terminal, and the identity that AWS knows them by."""
        arn = self.aws.read("sts", "get-caller-identity").get("Arn", "unknown")
        return f"{getpass.getuser()}@{socket.gethostname()} ({arn})"

    @contextmanager
    def lock(self, command: str, take_over: bool):
        """Nobody else changes anything meanwhile. A dry run only looks."""
        held = self.load("lock")
        if held and take_over:
            print_line(f"taking over from {held['who']}, at work since {held['since']} ({held['command']})")
            self.aws.change("ssm", "delete-parameter", "--name", f"{self.prefix}/lock")
        elif held:
            raise LockedByAnother(
                f"{held['who']} has been running `{held['command']}` since {held['since']}. "
                "If you know that it has ended without a word: the same command with --take-over"
            )
        if self.aws.dry_run:
            yield
            return
        token = str(uuid.uuid4())
        try:
            self._put("lock", json.dumps({"who": self.who(), "since": now(), "command": command, "token": token}))
        except AwsError as error:
            if error.code == "ParameterAlreadyExists":
                raise LockedByAnother("somebody else has just begun; `status` says who and what") from error
            raise
        self.token = token
        try:
            yield
        finally:
            self.token = None
            held = self.load("lock")
            if held and held["token"] == token:
                self.aws.change("ssm", "delete-parameter", "--name", f"{self.prefix}/lock")

    def check(self) -> None:
        """Stops where somebody has taken over."""
        if self.token is None:
            return
        held = self.load("lock")
        if not held or held["token"] != self.token:
            raise LockedByAnother(f"{held['who'] if held else 'somebody'} has taken over; nothing more is done here")

    def _put(self, name: str, text: str, *options: str) -> None:
        path = f"{self.prefix}/{name}"
        self.aws.change("ssm", "put-parameter", "--name", path, "--type", "String", "--value", text, *options)
