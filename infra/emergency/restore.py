"""A restore on AWS, step by step. Which steps are done is written down, so that anybody can go on with it anywhere.

The copy is made beside the table in use, and the stack's parameter `TableName` leads functions and rights to it. The
table of before is not touched: it is the way back.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
import time
import urllib.request
from pathlib import Path

from aws import Aws, in_parallel
from shared_state import SharedState, now
from migration import TableData
from outcome import Confirmation, Refused, print_line
from pause import INTAKE, Pause
from release import ALIAS
from stack import Stack
from table import TableCopy

POLL_SECONDS = 5
# Each run of the reconciliation goes through a day or more of Stripe's lines.
MOST_RUNS = 200
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")


class Restore:
    """One restore, new or gone on with."""

    def __init__(
        self, aws: Aws, stack: Stack, state: SharedState, confirmation: Confirmation, settle_seconds: int | None
    ):
        self.aws, self.stack, self.state, self.confirmation = aws, stack, state, confirmation
        self.settle_seconds = settle_seconds
        self.pause = Pause(aws, stack, state)
        self.record: dict = {}

    def begin(self, moment: str | None, backup: str | None, table: str | None) -> None:
        """Records a new restore, unless one is under way; two different ones at once there cannot be."""
        found = self.state.load("restore")
        if found:
            if (moment and moment != found["moment"]) or (backup and backup != found["backup"]):
                raise Refused(
                    f"a restore to {found['moment'] or found['backup']} is under way, begun by {found['who']} at "
                    f"{found['since']}: `restore` goes on with it, `restore --abandon` gives it up"
                )
            self.record = found
            print_line(
                f"Going on with the restore of {found['who']}, begun {found['since']}; done: {', '.join(found['done']) or 'nothing'}."
            )
            return
        if not moment and not backup:
            raise Refused("no restore is under way; --to says as of when, or --backup from which backup")
        if "TableName" not in self.stack.parameters:
            raise Refused("the stack was deployed before its table was a parameter: infra/deploy aws once, then again")
        source = self.stack.table
        name = table or f"{self.stack.name}-restored-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
        TableCopy(self.aws, source, name).check(moment, backup)
        self.record = {
            "source": source,
            "table": name,
            "moment": moment,
            "backup": backup,
            "who": self.state.who(),
            "since": now(),
            "rollout": self.stack.parameters.get("Rollout", ""),
            "done": [],
        }
        self.confirmation.ask(f"Restore {source} as of {moment or backup} into {name}, and use that?")
        self.state.save("restore", self.record)

    def run(self) -> None:
        """Does what is not done, in this order."""
        steps = {
            "pause": self.pause_all,
            "copy": self.make_copy,
            "protect": self.protect,
            "migrate": self.migrate,
            "code": self.retain_serving_code,
            "switch": self.switch,
            "intake": self.release_function,
            "reconcile": self.reconcile,
            "resume": self.resume,
            "rollout": self.restore_rollout,
        }
        for name, step in steps.items():
            if name in self.record["done"]:
                continue
            print_line(f"── {name}")
            self.state.check()
            began = time.monotonic()
            step()
            self.record["done"].append(name)
            self.state.save("restore", self.record)
            if not self.aws.dry_run:
                print_line(f"   done ({time.monotonic() - began:.0f} s)")
        self.state.forget("restore")
        if self.aws.dry_run:
            return
        print_line(
            f"The table {self.record['table']} is in use. {self.record['source']} is as it was; delete it when nobody needs it."
        )

    def abandon(self) -> None:
        """Gives a restore up before the switch; what was paused stays paused."""
        found = self.state.load("restore")
        if not found:
            print_line("No restore is under way. Nothing was changed.")
            return
        if "switch" in found["done"]:
            raise Refused("the other table is in use already: go on with `restore`, or restore the table of before")
        self.state.forget("restore")
        print_line(
            f"Given up. {found['table']} stays if it was made; {found['source']} is in use; `resume` starts the schedules."
        )

    def pause_all(self) -> None:
        self.pause.begin(f"restore as of {self.record['moment'] or self.record['backup']}", with_intake=True)
        self.pause.wait_for_running(self.settle_seconds)

    def copy(self) -> TableCopy:
        return TableCopy(self.aws, self.record["source"], self.record["table"])

    def make_copy(self) -> None:
        self.copy().restore(self.record["moment"], self.record["backup"])
        self.copy().wait()

    def protect(self) -> None:
        if self.aws.dry_run:
            print_line("  would set time to live, point-in-time recovery, deletion protection and tags of the copy")
        else:
            self.copy().protect()

    def migrate(self) -> None:
        data = TableData(self.aws, self.record["table"])
        if not self.aws.dry_run:
            data.migrate("status", changes=False)
            self.confirmation.ask(f"Is {self.record['table']} what you want?")
        data.migrate("forward")

    def retain_serving_code(self) -> None:
        """The update publishes the newest code, which may not be what serves since an `app-rollback`."""
        names = self.stack.functions()
        serving = in_parallel(lambda name: self.code(name, ALIAS), names)
        newest = in_parallel(lambda name: self.code(name, "$LATEST"), names)

        def digest(of: dict) -> str:
            return of["Configuration"]["CodeSha256"]

        pairs = [(name, one) for name, one, other in zip(names, serving, newest) if digest(one) != digest(other)]
        moved = [(name, one["Code"]["Location"], digest(one)) for name, one in pairs]
        if moved:
            print_line(f"  {len(moved)} functions serve older code, which stays")
        in_parallel(self.upload_code, moved)

    def code(self, function: str, qualifier: str) -> dict:
        name = ("--function-name", self.stack.full_name(function), "--qualifier", qualifier)
        return self.aws.read("lambda", "get-function", *name)

    def upload_code(self, moved: tuple[str, str, str]) -> None:
        function, location, digest = moved
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "code.zip")
            if not self.aws.dry_run:
                with urllib.request.urlopen(location, timeout=60) as answer:
                    code = answer.read()
                if base64.b64encode(hashlib.sha256(code).digest()).decode() != digest:
                    raise RuntimeError(
                        f"AWS handed out other code of {function} than what serves; `restore` tries again"
                    )
                path.write_bytes(code)
            name = ("--function-name", self.stack.full_name(function))
            self.aws.change("lambda", "update-function-code", *name, "--zip-file", f"fileb://{path}")

    def switch(self) -> None:
        """Leads functions and rights to the copy; without a roll-out, which alarms that ring would refuse."""
        found = self.state.load("paused")
        if found and found["complete"]:
            differences = self.pause.differences(found)
        else:
            differences = [] if self.aws.dry_run else ["nothing is paused any more"]
        if differences:
            raise Refused("; ".join(differences) + ": `pause` first, then go on")
        self.update({"TableName": self.record["table"], "Rollout": "Disabled", "Revision": str(int(time.time()))})

    def release_function(self) -> None:
        if self.aws.dry_run:
            print_line("  would let webhooks in again")
            return
        self.pause.release_function(INTAKE)
        print_line(
            "Deliver again what came since then, from the dashboards of Stripe and Whop. What arrives twice changes nothing."
        )
        self.confirmation.ask(
            "Is that under way? (What is missing is found by the reconciliation, but authorizations.)"
        )

    def reconcile(self) -> None:
        """Records what Stripe knows and the older copy does not, before anything can move money again."""
        if self.aws.dry_run:
            print_line("  would run the reconciliation until it says that there is no more")
            return
        self.pause.release_function("reconciliation")
        for number in range(1, MOST_RUNS + 1):
            self.state.check()
            answer, failed = self.stack.invoke("reconciliation", ALIAS, {"job": "reconciliation"})
            if failed:
                raise RuntimeError(f"the reconciliation failed: {answer}; the log says why, `restore` goes on")
            if not answer.get("more"):
                print_line(f"  {number} runs of the reconciliation; `GET /api/operations/findings` lists what differs")
                return
        raise RuntimeError("the reconciliation still has more to do; `restore` goes on with it")

    def resume(self) -> None:
        if self.aws.dry_run:
            print_line("  would resume what the first step paused")
            return
        self.confirmation.ask("Resume schedules and everything that sends?")
        self.pause.end(force=True)

    def restore_rollout(self) -> None:
        if self.record["rollout"] not in ("", "Disabled"):
            self.update({"Rollout": self.record["rollout"]})

    def update(self, changed: dict[str, str]) -> None:
        """One update of the stack with the template it has; waits for its end. One that is done is not made again."""
        self.wait_for_stack()
        # A revision is new every time and says nothing of what was done.
        if all(self.stack.parameters.get(name) == value for name, value in changed.items() if name != "Revision"):
            return
        given = [f"ParameterKey={name},ParameterValue={value}" for name, value in changed.items()]
        kept = [f"ParameterKey={name},UsePreviousValue=true" for name in self.stack.parameters if name not in changed]
        name = ("--stack-name", self.stack.name)
        parameters = ("--parameters", *given, *kept)
        self.aws.change(
            "cloudformation",
            "update-stack",
            *name,
            "--use-previous-template",
            "--capabilities",
            *CAPABILITIES,
            *parameters,
        )
        self.wait_for_stack()
        if not self.aws.dry_run and not self.stack.status.startswith("UPDATE_COMPLETE"):
            raise RuntimeError(
                f"the update ended as {self.stack.status}; the stack's events say why, `restore` goes on"
            )

    def wait_for_stack(self) -> None:
        """Reads the stack until nobody is updating it."""
        while not self.aws.dry_run:
            self.stack = self.pause.stack = Stack(self.aws, self.stack.name)
            if (
                not self.stack.status.endswith("_IN_PROGRESS")
                or self.stack.status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
            ):
                return
            time.sleep(POLL_SECONDS)
