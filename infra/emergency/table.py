"""A copy of the table as of an earlier moment, made beside the one in use, which stays as it is."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from aws import Aws
from outcome import Refused, print_line

POLL_SECONDS = 5
TIME_LIMIT_ATTRIBUTE = "expires_at"


class TableCopy:
    """The table `name`, restored from `source`."""

    def __init__(self, aws: Aws, source: str, name: str):
        self.aws, self.source, self.name = aws, source, name

    def check(self, moment: str | None, backup: str | None) -> None:
        """Refuses a moment that cannot be had, before anything is stopped for it."""
        if self.status():
            raise Refused(f"there is a table {self.name} already; --table names another")
        if backup:
            self.aws.read("dynamodb", "describe-backup", "--backup-arn", backup)
            return
        window = self.window()
        if window is None:
            raise Refused(f"{self.source} has no point-in-time recovery; --backup takes the ARN of a backup")
        earliest, latest = window
        if not comparable(earliest) <= comparable(moment or "") <= comparable(latest):
            raise Refused(f"{self.source} can be had as of {earliest} to {latest}, and not as of {moment}")

    def window(self) -> tuple[str, str] | None:
        found = self.aws.read("dynamodb", "describe-continuous-backups", "--table-name", self.source)
        recovery = found["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        if recovery["PointInTimeRecoveryStatus"] != "ENABLED":
            return None
        return utc(recovery["EarliestRestorableDateTime"]), utc(recovery["LatestRestorableDateTime"])

    def restore(self, moment: str | None, backup: str | None) -> None:
        """Begins the copy, unless it has begun."""
        if self.status():
            print_line(f"  {self.name} is there already")
        elif backup:
            target = ("--target-table-name", self.name, "--backup-arn", backup)
            self.aws.change("dynamodb", "restore-table-from-backup", *target)
        else:
            tables = ("--source-table-name", self.source, "--target-table-name", self.name)
            self.aws.change("dynamodb", "restore-table-to-point-in-time", *tables, "--restore-date-time", str(moment))

    def wait(self) -> None:
        """Waits until the copy can be used; AWS takes from ten minutes to hours, by the table's size."""
        began, told = time.monotonic(), 0.0
        while not self.aws.dry_run and self.status() != "ACTIVE":
            if time.monotonic() - told > 60:
                told = time.monotonic()
                print_line(
                    f"  {self.name} is being made, for {int(told - began)} s so far; this can be stopped and gone on with"
                )
            time.sleep(POLL_SECONDS)

    def protect(self) -> None:
        """Sets what a restore leaves out, each unless it is set."""
        name = ("--table-name", self.name)
        limit = self.aws.read_or(MISSING, "dynamodb", "describe-time-to-live", *name) or {}
        if limit.get("TimeToLiveDescription", {}).get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
            attribute = f"Enabled=true,AttributeName={TIME_LIMIT_ATTRIBUTE}"
            self.aws.change("dynamodb", "update-time-to-live", *name, "--time-to-live-specification", attribute)
        recovery = ("--point-in-time-recovery-specification", "PointInTimeRecoveryEnabled=true")
        self.aws.change("dynamodb", "update-continuous-backups", *name, *recovery)
        if not self.description().get("DeletionProtectionEnabled"):
            self.aws.change("dynamodb", "update-table", *name, "--deletion-protection-enabled")
            self.wait()
        self.tag()

    def tag(self) -> None:
        """Copies the tags, among them the version of the definition; those of CloudFormation stay with its table."""
        tags = self.tags(self.source)
        own = [f"Key={tag['Key']},Value={tag['Value']}" for tag in tags if not tag["Key"].startswith("aws:")]
        if own:
            arn = self.description().get("TableArn", self.name)
            self.aws.change("dynamodb", "tag-resource", "--resource-arn", arn, "--tags", *own)

    def tags(self, table: str) -> list[dict]:
        arn = self.aws.read("dynamodb", "describe-table", "--table-name", table)["Table"]["TableArn"]
        return self.aws.read("dynamodb", "list-tags-of-resource", "--resource-arn", arn).get("Tags", [])

    def status(self) -> str | None:
        return self.description().get("TableStatus")

    def description(self) -> dict:
        found = self.aws.read_or(MISSING, "dynamodb", "describe-table", "--table-name", self.name)
        return (found or {}).get("Table", {})


MISSING = ("ResourceNotFoundException",)


def utc(value) -> str:
    """A time of the CLI as text: version 1 says seconds, version 2 ISO 8601."""
    if isinstance(value, (int, float)):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(value))
    return str(value)


def comparable(text: str) -> float:
    """Seconds of a time in ISO 8601."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
