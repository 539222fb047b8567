"""A project at Vercel: its crons, its production deployment, and the variables that name the table.

Vercel stops no single function. Crons are switched in the project, and `vercel project pause` answers everybody with
503, so that nothing runs at all.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import urllib.error
import urllib.request

from migration import ROOT, TableData
from shared_state import SharedState, now
from outcome import DONE, OPEN, Refused, print_line

LINK = ROOT / ".vercel" / "project.json"


class Project:
    """The project that `vercel link` has linked this folder to."""

    def __init__(self, dry_run: bool):
        if not LINK.exists():
            raise Refused(f"{LINK.relative_to(ROOT)} is not there: `vercel link` first, in this folder")
        linked = json.loads(LINK.read_text(encoding="utf-8"))
        self.id, self.team = linked["projectId"], linked["orgId"]
        self.dry_run = dry_run
        self.reload()

    def reload(self) -> None:
        self.settings = json.loads(self.run("api", self.path(f"/v9/projects/{self.id}"), "--raw"))

    @property
    def are_crons_on(self) -> bool:
        crons = self.settings.get("crons") or {}
        return not crons.get("disabledAt")

    @property
    def is_paused(self) -> bool:
        return bool(self.settings.get("paused"))

    @property
    def production(self) -> dict:
        """The deployment that production leads to."""
        return (self.settings.get("targets") or {}).get("production") or {}

    def deployments(self) -> list[dict]:
        """The production deployments that are ready, newest first."""
        path = f"/v6/deployments?projectId={self.id}&target=production&state=READY&limit=20"
        return json.loads(self.run("api", self.path(path), "--raw"))["deployments"]

    def switch_crons(self, is_on: bool) -> None:
        path = self.path(f"/v1/projects/{self.id}/crons")
        self.change("api", path, "--method", "PATCH", "--field", f"enabled={str(is_on).lower()}")

    def address(self) -> str | None:
        base = os.environ.get("PUBLIC_BASE_URL") or next(iter(self.production.get("alias") or []), None)
        if base is None:
            return None
        return (base if base.startswith("http") else f"https://{base}").rstrip("/")

    def set_variable(self, name: str, value: str) -> None:
        """Replaces a variable of production; the next deployment has it."""
        self.change("env", "rm", name, "production", "--yes", may_fail=True)
        self.change("env", "add", name, "production", text=value)

    def change(self, *arguments: str, text: str | None = None, may_fail: bool = False) -> None:
        if self.dry_run:
            print(f"  would run: {shlex.join(['vercel', *arguments])}" + (f"   # {text}" if text else ""))
            return
        self.run(*arguments, text=text, may_fail=may_fail)

    def run(self, *arguments: str, text: str | None = None, may_fail: bool = False) -> str:
        command = ["vercel", *arguments]
        try:
            ended = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise Refused("the Vercel CLI is not on the PATH: npm install --global vercel") from None
        if ended.returncode != 0 and not may_fail:
            raise RuntimeError(f"{shlex.join(command[:3])}: {ended.stderr.strip()[-500:]}")
        return ended.stdout

    def path(self, path: str) -> str:
        separator = "&" if "?" in path else "?"
        return f"{path}{separator}teamId={self.team}" if self.team.startswith("team_") else path


class Pause:
    """The pause of a project, remembered beside its table."""

    def __init__(self, project: Project, state: SharedState):
        self.project, self.state = project, state

    def begin(self, note: str, schedules_only: bool) -> None:
        record = self.state.load("paused")
        if record and record["complete"] and (schedules_only or record["everything"]):
            print_line(describe(record))
            for line in self.differences(record):
                print_line(f"  but {line}")
            print_line("Nothing was changed.")
            return
        record = record or {
            "note": note,
            "who": self.state.who(),
            "since": now(),
            "crons": self.project.are_crons_on,
            "was_paused": self.project.is_paused,
            "functions": {},
            "schedules": {},
        }
        record["everything"] = not schedules_only
        self.state.save("paused", {**record, "complete": False})
        self.project.switch_crons(False)
        if not schedules_only:
            self.project.change("project", "pause", self.project.id)
        self.state.save("paused", {**record, "complete": True})
        if not self.project.dry_run:
            rest = (
                "crons are off; people still reach everything"
                if schedules_only
                else "crons are off and everybody gets 503"
            )
            print_line(f"Paused: {rest}. What is running ends within 300 seconds.")

    def end(self) -> None:
        record = self.state.load("paused")
        if record is None:
            print_line("Nothing is paused. Nothing was changed.")
            return
        if record["everything"] and not record["was_paused"]:
            self.project.change("project", "resume", self.project.id)
        if record["crons"]:
            self.project.switch_crons(True)
        self.state.forget("paused")
        if not self.project.dry_run:
            print_line(f"Resumed what {record['who']} paused at {record['since']} ({record['note']}).")

    def differences(self, record: dict) -> list[str]:
        found = ["the crons are on again"] if self.project.are_crons_on else []
        return found + (["people reach it again"] if record["everything"] and not self.project.is_paused else [])


def roll_back(project: Project, state: SharedState, data: TableData, deployment: str | None, force: bool) -> None:
    """Leads production back to the deployment before, at once and without a build."""
    record, restored = state.load("rolled-back") or {"left": []}, state.load("restored")
    listed, current = project.deployments(), project.production.get("id")
    serving = next((row for row in listed if row["uid"] == current), None)
    earlier = [
        row for row in listed if serving and row["created"] < serving["created"] and row["uid"] not in record["left"]
    ]
    target = (
        next((row for row in listed if deployment in (row["uid"], row["url"])), None)
        if deployment
        else next(iter(earlier), None)
    )
    if record.get("to") == current and not deployment:
        print_line(
            f"{current} serves since {record['who']} went back to it at {record['at']}. Nothing was changed; `--to` names an earlier one."
        )
        return
    if target is None:
        raise Refused("there is no production deployment before this one (Hobby plans can go back by one only)")
    if restored and target["created"] < restored["at_ms"]:
        raise Refused(
            f"{target['uid']} was made before the restore and reads the table of before: deploy the commit of before"
        )
    status, body = fetch(f"https://{target['url']}/api/health?type=database")
    expected = body.get("checks", {}).get("database", {}).get("expected_data_version")
    if expected is None and not force:
        raise Refused(
            f"{target['url']} does not say which data it expects ({status}; is it protected?); --force goes back anyway"
        )
    if expected is not None:
        data.check_readable_by(expected)
    left = [*record["left"], current][-20:]
    state.save("rolled-back", {"left": left, "to": target["uid"], "who": state.who(), "at": now()})
    project.change("rollback", target["uid"], "--yes", "--timeout", "2m")
    if not project.dry_run:
        print_line(
            f"Went back to {target['uid']}. Production stays there: the next `infra/deploy vercel` has to be promoted (`vercel promote`)."
        )


def verify(project: Project, state: SharedState) -> int:
    """Asks production itself; what rings is at Sentry or with the uptime monitor."""
    project.reload()
    paused = state.load("paused")
    print_line("Verification:")
    print_line(f"  look   production: {project.production.get('id', 'unknown')}, {project.production.get('url', '')}")
    holds = project.are_crons_on and not project.is_paused
    if paused:
        wrong = Pause(project, state).differences(paused)
        holds = not wrong
        print_line(f"  {'holds' if holds else 'OPEN '}  {'; '.join([describe(paused), *wrong])}")
    else:
        print_line(
            f"  {'holds' if holds else 'OPEN '}  crons are {'on' if project.are_crons_on else 'off'}, the project is {'paused' if project.is_paused else 'reachable'}"
        )
    address = project.address()
    if address is None:
        print_line("  look   health: set PUBLIC_BASE_URL to have it asked")
    else:
        status, body = fetch(f"{address}/api/health")
        expected = 503 if project.is_paused else 200
        print_line(
            f"  {'holds' if status == expected else 'look '}  health: {status} {body.get('status', '')} at {address}"
        )
    return DONE if holds else OPEN


def fetch(url: str, headers: dict | None = None, seconds: int = 30) -> tuple[int, dict]:
    """A GET; the status is 0 where nobody answers, the body empty where it is no JSON."""
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    except (urllib.error.URLError, TimeoutError):
        return 0, {}
    try:
        body = json.loads(text)
    except ValueError:
        body = {}
    return status, body if isinstance(body, dict) else {}


def describe(record: dict) -> str:
    half = "" if record["complete"] else " (interrupted: `pause` completes it)"
    return f"paused by {record['who']} since {record['since']}: {record['note']}{half}"
