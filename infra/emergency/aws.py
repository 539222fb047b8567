"""The AWS CLI as calls. What reads runs always; what changes something is printed, and in a dry run only printed."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

# Beyond this the CLI's own start is what takes time.
CALLS_AT_ONCE = 8


class AwsError(Exception):
    """A call that AWS refused, or that the CLI could not make."""

    def __init__(self, command: list[str], text: str):
        found = re.search(r"An error occurred \((\w+)\)", text)
        self.code = found.group(1) if found else ""
        super().__init__(f"{shlex.join(command[:3])}: {text.strip() or 'no answer'}")


class Aws:
    """One account and region, as the environment of the CLI names them."""

    def __init__(self, dry_run: bool = False):
        self.dry_run = dry_run
        # Version 2 would open a pager, and both versions give up after few tries by default.
        self.environment = {**os.environ, "AWS_PAGER": "", "AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "6"}

    def read(self, *arguments: str):
        """The answer to a call that changes nothing, as JSON."""
        return self._call(["aws", *arguments, "--output", "json"])

    def read_or(self, refusals: tuple[str, ...], *arguments: str):
        """Like `read`, with `None` in place of the named refusals."""
        try:
            return self.read(*arguments)
        except AwsError as error:
            if error.code in refusals:
                return None
            raise

    def change(self, *arguments: str):
        """Makes a change and prints its command; a dry run only prints it."""
        if self.dry_run:
            print(f"  would run: {shlex.join(['aws', *arguments])}")
            return {}
        return self._call(["aws", *arguments, "--output", "json"])

    def text(self, *arguments: str) -> str:
        """The plain output of a call that changes nothing."""
        return self._run(["aws", *arguments, "--output", "text"]).strip()

    def credentials(self) -> dict[str, str]:
        """Credentials and region as variables, for programs that know nothing of the CLI's profiles."""
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        known = {"AWS_REGION": region or self.text("configure", "get", "region")}
        if "AWS_ACCESS_KEY_ID" in os.environ:
            return known
        try:
            found = self._call(["aws", "configure", "export-credentials", "--format", "process"])
        except AwsError as error:
            raise AwsError(
                ["aws", "configure"],
                "version 2 of the AWS CLI is needed, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment",
            ) from error
        names = {
            "AccessKeyId": "ACCESS_KEY_ID",
            "SecretAccessKey": "SECRET_ACCESS_KEY",
            "SessionToken": "SESSION_TOKEN",
        }
        return known | {f"AWS_{name}": found[key] for key, name in names.items() if found.get(key)}

    def _call(self, command: list[str]):
        endpoint = self.environment.get("AWS_ENDPOINT_URL")
        # Version 1 of the CLI forgets the variable where it asks queues.
        if endpoint and command[1] == "sqs":
            command = [*command, "--endpoint-url", endpoint]
        answer = self._run(command)
        return json.loads(answer) if answer.strip() else {}

    def _run(self, command: list[str]) -> str:
        try:
            ended = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise AwsError(command, "the AWS CLI is not on the PATH") from None
        if ended.returncode != 0:
            raise AwsError(command, ended.stderr)
        return ended.stdout


def in_parallel(call, items) -> list:
    """The results of a call for each item, in the order of the items; the first error is raised."""
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        return list(pool.map(call, items))
