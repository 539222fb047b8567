"""The commands and their options."""

from __future__ import annotations

import argparse
import os
import sys
import time

import status
import vercel
from aws import Aws, AwsError
from shared_state import SharedState
from migration import TableData
from outcome import FAILED, LOCKED, MISUSED, REFUSED, LockedByAnother, Confirmation, Refused, print_line
from pause import Pause
from release import Rollback
from restore import Restore
from stack import Stack
from verify import Verification
from vercel_restore import VercelRestore

CODES = """exit codes: 0 done, and every line of the verification holds; 1 it failed on the way, the same command goes on;
2 wrong usage; 3 somebody else is at work; 4 refused, and nothing was changed; 5 done, and a line of the verification is
open"""


def parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--platform", choices=("aws", "vercel"), default="aws")
    shared.add_argument("--stack", help="the stack; justonce, or justonce-vercel on Vercel (STACK)")
    shared.add_argument(
        "--dry-run", action="store_true", help="print every command that would change something, and change nothing"
    )
    shared.add_argument("--yes", action="store_true", help="ask nothing")
    shared.add_argument("--take-over", action="store_true", help="somebody else's command has ended without a word")
    top = argparse.ArgumentParser(
        prog="infra/emergency/run", description="docs/emergency.md says which command is for what.", epilog=CODES
    )
    commands = top.add_subparsers(dest="command", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared], epilog=CODES)

    add("status", "show what serves, what stands still and why, how the data is, what rings")
    add("verify", "go through the list that every other command ends with")
    pause = add("pause", "switch schedules off and stop everything that sends or moves money")
    pause.add_argument("--note", required=True, help="why, for everybody who looks")
    pause.add_argument("--intake", action="store_true", help="stop webhooks too; their senders deliver again for days")
    pause.add_argument(
        "--schedules-only", action="store_true", help="on Vercel: switch the crons off, and leave the rest reachable"
    )
    add("resume", "restore exactly what was there before the pause")
    back = add("app-rollback", "lead every function back to the version before, without a build")
    add_rollback(back)
    data = add("migration-rollback", "undo the migrations after a version of the data")
    data.add_argument("--to", type=int, required=True, metavar="N", help="the version of the data")
    restore = add("restore", "use the table as of an earlier moment; without --to, go on with the one under way")
    add_restore(restore)
    restore.add_argument("--abandon", action="store_true", help="give the one under way up, before its switch")
    full = add(
        "full", "pause, go back to the version before, then undo migrations or restore if asked for, verify, resume"
    )
    full.add_argument("--note", required=True)
    full.add_argument("--migration-to", type=int, metavar="N", help="also undo the migrations after this version")
    full.add_argument("--restore-to", metavar="TIME", help="also restore the table as of this moment")
    full.add_argument("--force", action="store_true", help=argparse.SUPPRESS)
    full.add_argument("--settle-seconds", type=int, help=argparse.SUPPRESS)
    return top


def add_rollback(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--to", metavar="RELEASE", help="an earlier one, as `status` names it: a revision, or a deployment of Vercel"
    )
    command.add_argument(
        "--force", action="store_true", help="although the version before does not say which data it expects"
    )


def add_restore(command: argparse.ArgumentParser) -> None:
    command.add_argument("--to", metavar="TIME", help="the last moment that was right, such as 2026-11-20T14:00:00Z")
    command.add_argument("--backup", metavar="ARN", help="a backup in place of a moment")
    command.add_argument("--table", metavar="NAME", help="the name of the copy")
    command.add_argument(
        "--settle-seconds", type=int, help="wait so long for what is running; the longest time limit by default"
    )


class Session:
    """One call of the command."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.on_vercel = options.platform == "vercel"
        name = options.stack or os.environ.get("STACK") or ("justonce-vercel" if self.on_vercel else "justonce")
        self.aws = Aws(options.dry_run)
        self.stack = Stack(self.aws, name)
        self.state = SharedState(self.aws, name)
        self.data = TableData(self.aws, self.stack.table)
        self.confirmation = Confirmation(options.yes or options.dry_run)
        self.project = vercel.Project(options.dry_run) if self.on_vercel else None

    def run(self) -> int:
        command = self.options.command
        if command == "status":
            return self.status()
        if command == "verify":
            return self.verify(None)
        with self.state.lock(command, self.options.take_over):
            expected = getattr(self, command.replace("-", "_"))()
        return 0 if self.options.dry_run else self.verify(expected)

    def status(self) -> int:
        if self.project:
            print_line(f"project    {self.project.id}: production {self.project.production.get('url', 'unknown')}")
            print_line(
                f"crons      {'on' if self.project.are_crons_on else 'off'}; {'paused, everybody gets 503' if self.project.is_paused else 'reachable'}"
            )
            for row in self.project.deployments()[:5]:
                print_line(
                    f"kept       {row['uid']} {row['url']} {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(row['created'] / 1000))}"
                )
            status.show_work(self.state, self.aws, self.stack)
            status.show_data(self.aws, self.stack)
            return 0
        return status.show(self.aws, self.stack, self.state)

    def verify(self, expected: dict[str, str] | None) -> int:
        if self.project:
            return vercel.verify(self.project, self.state)
        return Verification(self.aws, self.stack, self.state).run(expected, self.options.command)

    def pause(self) -> None:
        if self.project:
            vercel.Pause(self.project, self.state).begin(self.options.note, self.options.schedules_only)
        else:
            Pause(self.aws, self.stack, self.state).begin(self.options.note, self.options.intake)

    def resume(self) -> None:
        if self.project:
            vercel.Pause(self.project, self.state).end()
        else:
            Pause(self.aws, self.stack, self.state).end(force=False)

    def app_rollback(self, release: str | None = None) -> dict[str, str] | None:
        release = release or getattr(self.options, "to", None)
        if self.project:
            vercel.roll_back(self.project, self.state, self.data, release, self.options.force)
            return None
        return Rollback(self.aws, self.stack, self.state, self.data).run(release, self.options.force)

    def migration_rollback(self, to: int | None = None) -> None:
        expected = None
        if not self.project:
            _, body = self.stack.get("health", "live", "/api/health", "type=database")
            expected = body.get("checks", {}).get("database", {}).get("expected_data_version")
        self.data.roll_back(self.options.to if to is None else to, expected, self.confirmation)

    def restore(self) -> None:
        restore = self.new_restore()
        if self.options.abandon:
            restore.abandon()
            return
        restore.begin(self.options.to, self.options.backup, self.options.table)
        restore.run()

    def new_restore(self) -> Restore:
        given = (self.aws, self.stack, self.state, self.confirmation, self.options.settle_seconds)
        return VercelRestore(*given).bind(self.project) if self.project else Restore(*given)

    def full(self) -> dict[str, str] | None:
        """Everything, in the order in which it is safe; a step that was done already says so."""
        options = self.options
        self.confirmation.ask("Pause everything that sends?")
        if self.project:
            vercel.Pause(self.project, self.state).begin(options.note, schedules_only=False)
        else:
            Pause(self.aws, self.stack, self.state).begin(options.note, with_intake=False)
        self.confirmation.ask("Go back to the version before?")
        expected = self.app_rollback()
        if options.migration_to is not None:
            self.migration_rollback(options.migration_to)
        if options.restore_to:
            restore = self.new_restore()
            restore.begin(options.restore_to, None, None)
            restore.run()
            return None
        if not options.dry_run:
            self.verify(expected)
        self.confirmation.ask("Resume?")
        if self.project:
            vercel.Pause(self.project, self.state).end()
        else:
            Pause(self.aws, self.stack, self.state).end(force=False)
        return expected


def main(arguments: list[str]) -> int:
    """Runs one command and says, where it does not end well, what that means."""
    try:
        options = parser().parse_args(arguments)
    except SystemExit as ended:
        return MISUSED if ended.code else 0
    began = time.monotonic()
    try:
        code = Session(options).run()
    except LockedByAnother as error:
        return report_error(LOCKED, f"somebody else is at work: {error}")
    except Refused as error:
        return report_error(REFUSED, f"refused: {error}")
    except KeyboardInterrupt:
        return report_error(FAILED, "stopped; the same command goes on")
    except (AwsError, RuntimeError) as error:
        return report_error(FAILED, f"failed: {error}")
    print_line(f"{options.command}: {time.monotonic() - began:.0f} s")
    return code


def report_error(code: int, text: str) -> int:
    print(text, file=sys.stderr, flush=True)
    return code
