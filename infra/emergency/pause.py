"""Pausing on AWS: schedules off, and nothing runs that sends a message or moves money.

What there was before is written down first, so that a pause that was interrupted is completed by the next one, and
`resume` restores the very same, from whichever machine.
"""

from __future__ import annotations

import json
import time

from aws import Aws, in_parallel
from shared_state import SharedState, now, seconds_since
from outcome import Refused, print_line
from stack import Stack

# The jobs, and what people start that sends or takes money. Webhooks only store and apply.
SENDERS = (
    "auto-decline",
    "bookings",
    "case-endings",
    "event-publisher",
    "nudge",
    "payout-admin",
    "payouts",
    "reconciliation",
    "reminders",
)
# While the table is exchanged nothing may be stored that the other one would lack.
INTAKE = "webhooks"

# What `update-schedule` takes of what `get-schedule` says.
DEFINITION = (
    "Name",
    "GroupName",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "FlexibleTimeWindow",
    "Target",
    "Description",
    "StartDate",
    "EndDate",
    "KmsKeyArn",
    "ActionAfterCompletion",
)
ON, OFF = "ENABLED", "DISABLED"


class Pause:
    """The pause of one stack."""

    def __init__(self, aws: Aws, stack: Stack, state: SharedState):
        self.aws, self.stack, self.state = aws, stack, state

    def begin(self, note: str, with_intake: bool) -> None:
        """Pauses; where it is paused already, says so and changes nothing."""
        record = self.state.load("paused")
        if record and record["complete"] and not (with_intake and INTAKE not in record["functions"]):
            print_line(describe(record))
            for line in self.differences(record):
                print_line(f"  but {line}")
            print_line("Nothing was changed.")
            return
        if record is None:
            record = {"note": note, "who": self.state.who(), "since": now(), "schedules": {}, "functions": {}}
            schedules = self.stack.schedules()
            record["schedules"] = dict(zip(schedules, in_parallel(self.schedule_state, schedules)))
        elif not record["complete"]:
            print_line(f"Going on with the pause of {record['who']}, begun {record['since']}.")
        known = self.stack.functions()
        wanted = [name for name in (*SENDERS, *((INTAKE,) if with_intake else ())) if name in known]
        fresh = [name for name in wanted if name not in record["functions"]]
        record["functions"].update(zip(fresh, in_parallel(self.concurrency, fresh)))
        self.state.save("paused", {**record, "complete": False})
        self.apply(record)
        self.state.save("paused", {**record, "complete": True})
        if self.aws.dry_run:
            return
        print_line(
            f"Paused: {len(record['schedules'])} schedules are off, {len(record['functions'])} functions stand still."
        )
        print_line(f"What is running ends within {self.longest_run(record)} seconds; `status` says who paused and why.")

    def apply(self, record: dict) -> None:
        """Switches off what the record names; the schedules first, so that nothing new comes."""
        self.state.check()
        in_parallel(lambda name: self.set_schedule_state(name, OFF), record["schedules"])
        in_parallel(lambda name: self.set_concurrency(name, 0), record["functions"])

    def end(self, force: bool) -> None:
        """Resumes with exactly what there was before; where nothing is paused, says so."""
        record = self.state.load("paused")
        if record is None:
            print_line("Nothing is paused. Nothing was changed.")
            return
        restore = self.state.load("restore")
        if restore and not force:
            raise Refused(
                f"a restore is under way, begun by {restore['who']} at {restore['since']}: `restore` goes on with it "
                "and resumes at its end, `restore --abandon` gives it up"
            )
        known, schedules = self.stack.functions(), self.stack.schedules()
        for name in sorted(set(record["functions"]) - set(known) | set(record["schedules"]) - set(schedules)):
            print_line(f"  {name} is no longer part of the stack and is left out")
        self.release([name for name in record["functions"] if name in known], record)
        states = {name: state for name, state in record["schedules"].items() if name in schedules}
        in_parallel(lambda name: self.set_schedule_state(name, states[name]), states)
        self.state.forget("paused")
        if self.aws.dry_run:
            return
        print_line(f"Resumed what {record['who']} paused at {record['since']} ({record['note']}).")
        print_line("Ticks of the time between are not made up: the first run that happens does all that is due.")

    def release(self, names: list[str], record: dict) -> None:
        """Gives functions back what they had."""
        self.state.check()
        in_parallel(lambda name: self.set_concurrency(name, record["functions"][name]), names)

    def release_function(self, name: str) -> None:
        """Gives one function back while the others stand still."""
        record = self.state.load("paused")
        if record and name in record["functions"]:
            self.release([name], record)
            del record["functions"][name]
            self.state.save("paused", record)

    def stopped(self) -> list[str]:
        """Of what a pause stops, the functions that stand still now."""
        names = [name for name in (*SENDERS, INTAKE) if name in self.stack.functions()]
        return [name for name, limit in zip(names, in_parallel(self.concurrency, names)) if limit == 0]

    def wait_for_running(self, limit_seconds: int | None) -> None:
        """Waits until nothing can be running any more that began before the pause."""
        record = self.state.load("paused")
        if record is None or self.aws.dry_run:
            return
        seconds = self.longest_run(record) if limit_seconds is None else limit_seconds
        rest = seconds - seconds_since(record["since"])
        if rest > 0:
            print_line(f"Waiting {int(rest) + 1} s for what was running when the pause began.")
            time.sleep(rest)

    def differences(self, record: dict) -> list[str]:
        """What is not as a pause leaves it: somebody, or a deployment, has changed it since."""
        known, schedules = self.stack.functions(), self.stack.schedules()
        names = [name for name in record["schedules"] if name in schedules]
        states = zip(names, in_parallel(self.schedule_state, names))
        found = [f"the schedule {name} is on again" for name, state in states if state == ON]
        names = [name for name in record["functions"] if name in known]
        limits = zip(names, in_parallel(self.concurrency, names))
        return found + [f"the function {name} may run again" for name, limit in limits if limit != 0]

    def schedule_state(self, name: str) -> str:
        return self.aws.read("scheduler", "get-schedule", "--name", name)["State"]

    def concurrency(self, function: str) -> int | None:
        full_name = self.stack.full_name(function)
        found = self.aws.read("lambda", "get-function-concurrency", "--function-name", full_name)
        return found.get("ReservedConcurrentExecutions")

    def set_schedule_state(self, name: str, state: str) -> None:
        """Changes the state of a schedule and leaves the rest as it is."""
        found = self.aws.read("scheduler", "get-schedule", "--name", name)
        if found["State"] != state:
            definition = {key: found[key] for key in DEFINITION if key in found}
            text = json.dumps({**definition, "State": state})
            self.aws.change("scheduler", "update-schedule", "--cli-input-json", text)

    def set_concurrency(self, function: str, executions: int | None) -> None:
        """Sets how often a function may run at once; `None` is as often as the account allows."""
        name = ("--function-name", self.stack.full_name(function))
        if executions is None:
            self.aws.change("lambda", "delete-function-concurrency", *name)
        else:
            number = ("--reserved-concurrent-executions", str(executions))
            self.aws.change("lambda", "put-function-concurrency", *name, *number)

    def longest_run(self, record: dict) -> int:
        """The largest time limit of the functions that were stopped, in seconds."""

        def timeout(name: str) -> int:
            full_name = self.stack.full_name(name)
            found = self.aws.read("lambda", "get-function-configuration", "--function-name", full_name)
            return found["Timeout"]

        known = self.stack.functions()
        return max(in_parallel(timeout, [name for name in record["functions"] if name in known]), default=0)


def describe(record: dict) -> str:
    half = "" if record["complete"] else " (interrupted: `pause` completes it)"
    return f"Paused by {record['who']} since {record['since']}: {record['note']}{half}"
