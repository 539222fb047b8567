"""The form of the data: what the version row says, and `cargo migrate` over the table in use."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

from aws import Aws
from outcome import Confirmation, Refused, print_line

ROOT = Path(__file__).resolve().parents[2]
KEY = {"pk": {"S": "JOB#migrations"}, "sk": {"S": "VERSION"}}


class TableData:
    """The data of one table."""

    def __init__(self, aws: Aws, table: str):
        self.aws, self.table = aws, table

    def row(self) -> dict:
        """The version, the oldest code that works with it, and who migrates."""
        key = ("--key", json.dumps(KEY), "--consistent-read")
        item = self.aws.read("dynamodb", "get-item", "--table-name", self.table, *key).get("Item", {})
        return {name: plain(value) for name, value in item.items()}

    def version(self) -> int:
        return int(self.row().get("data_version", 0))

    def check_readable_by(self, expected: int) -> None:
        """Refuses code that may not know the form of the data."""
        row = self.row()
        version, oldest = int(row.get("data_version", 0)), row.get("oldest_reader")
        if version <= expected or (oldest is not None and int(oldest) <= expected):
            return
        raise Refused(
            f"the data has version {version}, and the version before expects {expected} and does not know that form. "
            f"First: infra/emergency/run migration-rollback --to {expected}"
        )

    def roll_back(self, to: int, expected: int | None, confirmation: Confirmation) -> None:
        """Undoes the migrations after a version; what the service has written since stays."""
        version = self.version()
        if version <= to:
            print_line(f"The data has version {version} already. Nothing was changed.")
            return
        # Code works with the version of the data before its own, and with none before that.
        if expected is not None and to < expected - 1:
            raise Refused(
                f"the code that serves expects version {expected} and works with {expected - 1} at the lowest: "
                "first `app-rollback`"
            )
        self.migrate("back", "--to", str(to), "--dry-run")
        confirmation.ask(f"Undo the migrations after version {to} in {self.table}?")
        self.migrate("back", "--to", str(to))

    def migrate(self, *arguments: str, changes: bool = True) -> None:
        """Runs `cargo migrate`; a dry run only prints what would write."""
        command = ["cargo", "migrate", *arguments, "--table", self.table]
        if self.aws.dry_run and changes and "--dry-run" not in arguments:
            print(f"  would run: {shlex.join(command)}")
            return
        environment = {**os.environ, **self.aws.credentials()}
        endpoint = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or os.environ.get("AWS_ENDPOINT_URL")
        if endpoint:
            environment["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint
        ended = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if ended.returncode != 0:
            raise RuntimeError(f"`{shlex.join(command)}` ended with {ended.returncode}, which docs/deploy.md explains")


def plain(value: dict):
    """One attribute of DynamoDB as a plain value."""
    kind, content = next(iter(value.items()))
    if kind == "M":
        return {name: plain(part) for name, part in content.items()}
    return {"N": lambda: int(content), "NULL": lambda: None}.get(kind, lambda: content)()
