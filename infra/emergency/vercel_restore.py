"""A restore for functions on Vercel: the same steps, with the project in place of the stack's functions."""

from __future__ import annotations

import os
import time

from outcome import Refused, print_line
from restore import MOST_RUNS, Restore
from vercel import Pause, fetch

CRON = "/api/cron/reconcile"
LONGEST_RUN_SECONDS = 300


class VercelRestore(Restore):
    """The table is that of the stack; the functions learn its name from a variable of the project."""

    def bind(self, project) -> "VercelRestore":
        self.project = project
        self.project_pause = Pause(project, self.state)
        return self

    def pause_all(self) -> None:
        self.project_pause.begin(
            f"restore as of {self.record['moment'] or self.record['backup']}", schedules_only=False
        )
        if not self.aws.dry_run:
            seconds = LONGEST_RUN_SECONDS if self.settle_seconds is None else self.settle_seconds
            print_line(f"Waiting {seconds} s for what was running when the pause began.")
            time.sleep(seconds)

    def retain_serving_code(self) -> None:
        print_line("  a redeployment has the code of the deployment it repeats")

    def switch(self) -> None:
        self.project.reload()
        if not self.aws.dry_run and not self.project.is_paused:
            raise Refused("the project is not paused any more: `pause` first, then go on")
        self.update({"TableName": self.record["table"]})
        self.project.set_variable("TABLE_NAME", self.record["table"])
        self.state.save("restored", {"table": self.record["table"], "at_ms": int(time.time() * 1000)})
        self.project.change("redeploy", self.project.production["url"], "--target", "production")

    def release_function(self) -> None:
        if self.aws.dry_run:
            print_line("  would resume the project, with its crons off")
            return
        print_line("Tell people to wait with payouts and bookings: from now on they reach them again.")
        self.confirmation.ask("Let people and webhooks in?")
        self.project.change("project", "resume", self.project.id)
        print_line(
            "Deliver again what came since then, from the dashboards of Stripe and Whop. What arrives twice changes nothing."
        )

    def reconcile(self) -> None:
        if self.aws.dry_run:
            print_line("  would run the reconciliation until it says that there is no more")
            return
        secret, address = os.environ.get("CRON_SECRET", "").split(",")[0], self.project.address()
        if not secret or not address:
            raise Refused("set CRON_SECRET and PUBLIC_BASE_URL (set -a; . ./.env), then `restore` goes on")
        for number in range(1, MOST_RUNS + 1):
            status, body = fetch(f"{address}{CRON}", {"authorization": f"Bearer {secret}"}, LONGEST_RUN_SECONDS + 30)
            if status != 200:
                raise RuntimeError(f"the reconciliation answered {status}; `restore` goes on with it")
            if not body.get("more"):
                print_line(f"  {number} runs of the reconciliation; `GET /api/operations/findings` lists what differs")
                return
        raise RuntimeError("the reconciliation still has more to do; `restore` goes on with it")

    def resume(self) -> None:
        if self.aws.dry_run:
            print_line("  would switch the crons on again")
            return
        self.confirmation.ask("Resume the crons?")
        self.project_pause.end()

    def restore_rollout(self) -> None:
        """Vercel has none."""
