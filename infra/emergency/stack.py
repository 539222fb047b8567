"""The deployed stack: its functions, schedules, table and parameters, as CloudFormation knows them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from aws import Aws

FUNCTION = "AWS::Lambda::Function"
SCHEDULE = "AWS::Scheduler::Schedule"
DEPLOYMENTS = "AWS::CodeDeploy::Application"
QUEUE = "AWS::SQS::Queue"

# The longest run takes five minutes; the CLI would hang up after one and start it again.
INVOKE_SECONDS = "330"


class Stack:
    """What one `describe-stacks` and one `list-stack-resources` say."""

    def __init__(self, aws: Aws, name: str):
        self.aws, self.name = aws, name
        stack = aws.read("cloudformation", "describe-stacks", "--stack-name", name)["Stacks"][0]
        self.status: str = stack["StackStatus"]
        self.updated_at: str = stack.get("LastUpdatedTime") or stack["CreationTime"]
        self.outputs = {row["OutputKey"]: row["OutputValue"] for row in stack.get("Outputs", [])}
        self.parameters = {row["ParameterKey"]: row["ParameterValue"] for row in stack.get("Parameters", [])}
        found = aws.read("cloudformation", "list-stack-resources", "--stack-name", name)
        self.resources = [row for row in found["StackResourceSummaries"] if row.get("PhysicalResourceId")]

    @property
    def table(self) -> str:
        """The table in use."""
        return self.outputs["TableName"]

    def functions(self) -> list[str]:
        """The names of the functions without the stack's prefix."""
        return sorted(name.removeprefix(f"{self.name}-") for name in self._of(FUNCTION))

    def schedules(self) -> list[str]:
        """The full names of the schedules."""
        return sorted(name.rsplit("/", 1)[-1] for name in self._of(SCHEDULE))

    def queues(self) -> list[str]:
        """The addresses of the queues."""
        return sorted(self._of(QUEUE))

    def code_deploy(self) -> str | None:
        """The application of CodeDeploy; absent where versions switch at once."""
        return next(iter(self._of(DEPLOYMENTS)), None)

    def full_name(self, function: str) -> str:
        return f"{self.name}-{function}"

    def invoke(self, function: str, qualifier: str, payload: dict) -> tuple[dict, str | None]:
        """The answer of a function and, if it failed, Lambda's word for that."""
        with tempfile.TemporaryDirectory() as folder:
            asked, answered = Path(folder, "asked"), Path(folder, "answered")
            asked.write_text(json.dumps(payload), encoding="utf-8")
            said = self.aws.read(
                *("lambda", "invoke", "--function-name", f"{self.full_name(function)}:{qualifier}"),
                *("--cli-read-timeout", INVOKE_SECONDS, "--payload", f"fileb://{asked}", str(answered)),
            )
            text = answered.read_text(encoding="utf-8")
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {"text": text}
        return answer if isinstance(answer, dict) else {"text": text}, said.get("FunctionError")

    def get(self, function: str, qualifier: str, path: str, query: str = "") -> tuple[int, dict]:
        """Asks a function as its URL would; the status is 0 where it did not answer."""
        answer, failed = self.invoke(function, qualifier, request_of(path, query))
        if failed or "statusCode" not in answer:
            return 0, answer
        try:
            body = json.loads(answer.get("body") or "{}")
        except ValueError:
            body = {}
        return int(answer["statusCode"]), body

    def _of(self, kind: str) -> list[str]:
        return [row["PhysicalResourceId"] for row in self.resources if row["ResourceType"] == kind]


def request_of(path: str, query: str = "") -> dict:
    """A GET as a function URL hands it over."""
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "emergency"}
    context = {
        "accountId": "anonymous",
        "apiId": "emergency",
        "domainName": "emergency",
        "domainPrefix": "emergency",
        "http": http,
        "requestId": "emergency",
        "routeKey": "$default",
        "stage": "$default",
        "time": "01/Jan/2026:00:00:00 +0000",
        "timeEpoch": 1767225600000,
    }
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"accept": "application/json"},
        "requestContext": context,
        "isBase64Encoded": False,
    }
