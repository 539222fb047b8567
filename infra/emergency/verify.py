"""The list that is gone through after every command: what serves, what runs, what the data is, what rings."""

from __future__ import annotations

from dataclasses import dataclass

from aws import Aws, AwsError, in_parallel
from shared_state import SharedState
from migration import TableData
from outcome import DONE, OPEN, print_line
from pause import Pause
from release import ALIAS, aliases, weights
from stack import Stack
from table import TableCopy

# A path that no function has: its 404 shows that the function starts and reads its configuration.
NOWHERE = "/api/emergency"


@dataclass(frozen=True)
class Check:
    """One line of the list. What is not known, and what only has to be looked at, does not fail it."""

    name: str
    holds: bool | None
    said: str


class Verification:
    """The list over one stack."""

    def __init__(self, aws: Aws, stack: Stack, state: SharedState):
        self.aws, self.state = aws, state
        # Read again: the command has changed it.
        self.stack = Stack(aws, stack.name)
        self.paused = state.load("paused")

    def run(self, expected: dict[str, str] | None, command: str) -> int:
        """Prints the list and returns the exit code that it leads to. What a command cannot have changed is left out."""
        checks = [self.health(), self.effects(), self.data(), *self.queues(), self.alarms()]
        if command not in ("pause", "resume", "migration-rollback"):
            checks = [self.versions(expected), self.starts(), self.table(), *checks]
        print_line("Verification:")
        for check in checks:
            mark = {True: "holds", False: "OPEN ", None: "look "}[check.holds]
            print_line(f"  {mark}  {check.name}: {check.said}")
        return OPEN if any(check.holds is False for check in checks) else DONE

    def versions(self, expected: dict[str, str] | None) -> Check:
        found, wanted = aliases(self.aws, self.stack), expected or {}
        wrong = [
            name
            for name, alias in found.items()
            if weights(alias) or alias["FunctionVersion"] != wanted.get(name, alias["FunctionVersion"])
        ]
        if wrong:
            return Check("versions", False, f"{', '.join(wrong)} serve another version than they should, or two")
        return Check(
            "versions",
            True,
            f"{len(found)} functions serve one version each" + (", the one they should" if wanted else ""),
        )

    def starts(self) -> Check:
        stopped = set((self.paused or {}).get("functions", {}))
        asked = [name for name in self.stack.functions() if name not in stopped]
        states = dict(zip(asked, in_parallel(lambda name: self.ask(name, NOWHERE)[0], asked)))
        wrong = [f"{name} ({status})" for name, status in states.items() if status != 404]
        stand_still = f"; {len(stopped)} stand still" if stopped else ""
        if wrong:
            return Check(
                "start", False, f"{', '.join(wrong)} did not answer 404 for a path that does not exist{stand_still}"
            )
        return Check("start", True, f"{len(asked)} functions start{stand_still}")

    def health(self) -> Check:
        status, body = self.ask("health", "/api/health")
        checks = body.get("checks", {})
        poor = [
            name
            for name, check in checks.items()
            if isinstance(check, dict) and check.get("status") not in (None, "ok")
        ]
        said = f"{status}, {body.get('status', 'no status')}" + (f"; look at {', '.join(poor)}" if poor else "")
        # While the jobs stand still they are late, and the health check is right to say so.
        return Check("health", True if status == 200 else None if status == 503 else False, said)

    def effects(self) -> Check:
        pause = Pause(self.aws, self.stack, self.state)
        if self.paused:
            wrong = pause.differences(self.paused)
            since = f"paused by {self.paused['who']} since {self.paused['since']}"
            return Check("schedules and effects", not wrong, "; ".join([since, *wrong]))
        schedules = self.stack.schedules()
        states = dict(zip(schedules, in_parallel(pause.schedule_state, schedules)))
        still = [name for name, state in states.items() if state != "ENABLED"] + pause.stopped()
        if still:
            return Check(
                "schedules and effects", False, f"nothing is paused, and these stand still: {', '.join(still)}"
            )
        return Check(
            "schedules and effects", True, f"{len(schedules)} schedules are on, nothing that sends stands still"
        )

    def data(self) -> Check:
        row = TableData(self.aws, self.stack.table).row()
        version, claim, work = row.get("data_version", 0), row.get("claim"), row.get("work")
        expected = (
            self.ask("health", "/api/health", "type=database")[1]
            .get("checks", {})
            .get("database", {})
            .get("expected_data_version")
        )
        said = f"version {version}, the code expects {expected}"
        if claim:
            return Check("data", None, f"{said}; {claim['owner']} migrates since {claim['since']}")
        if work:
            return Check("data", None, f"{said}; migration {work['migration']} stands half done, which is allowed")
        oldest = row.get("oldest_reader")
        is_known = expected is not None and (version <= expected or (oldest is not None and oldest <= expected))
        return Check("data", is_known if expected is not None else None, said)

    def table(self) -> Check:
        copy = TableCopy(self.aws, self.stack.table, self.stack.table)
        found, window = copy.description(), copy.window()
        wrong = [] if found.get("TableStatus") == "ACTIVE" else [f"it is {found.get('TableStatus', 'absent')}"]
        wrong += [] if window else ["it has no point-in-time recovery"]
        wrong += [] if found.get("DeletionProtectionEnabled") else ["it can be deleted"]
        rows = f"{self.stack.table}, about {found.get('ItemCount', '?')} rows"
        return Check(
            "table",
            not wrong,
            "; ".join([rows, *wrong]) + (f"; to be had as of {window[0]} to {window[1]}" if window else ""),
        )

    def queues(self) -> list[Check]:
        checks = []
        for queue, count in waiting(self.aws, self.stack).items():
            checks.append(Check(queue, True if count == 0 else None, f"{count} messages"))
        return checks

    def alarms(self) -> Check:
        names = ringing(self.aws, self.stack.name)
        # An alarm counts the last minutes, so it may ring on for a while after the cause is gone.
        return Check("alarms", None if names else True, ", ".join(names) or "none rings")

    def ask(self, function: str, path: str, query: str = "") -> tuple[int, dict]:
        try:
            return self.stack.get(function, ALIAS, path, query)
        except AwsError as error:
            return 0, {"status": error.code or "no answer"}


def waiting(aws: Aws, stack: Stack) -> dict[str, int]:
    """How many messages lie in each queue of the stack."""
    name = "ApproximateNumberOfMessages"

    def count(url: str) -> int:
        found = aws.read("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", name)
        return int(found.get("Attributes", {}).get(name, 0))

    urls = stack.queues()
    return dict(zip((url.rsplit("/", 1)[-1] for url in urls), in_parallel(count, urls)))


def ringing(aws: Aws, stack: str) -> list[str]:
    found = aws.read("cloudwatch", "describe-alarms", "--alarm-name-prefix", f"{stack}-", "--state-value", "ALARM")
    return sorted(alarm["AlarmName"] for alarm in found.get("MetricAlarms", []))
