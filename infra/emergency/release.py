"""Going back to the version before by moving aliases: no build, no deployment."""

from __future__ import annotations

import time
from dataclasses import dataclass

from aws import Aws, in_parallel
from shared_state import SharedState, now
from migration import TableData
from outcome import Refused, print_line
from stack import Stack

ALIAS = "live"
NO_WEIGHTS = '{"AdditionalVersionWeights": {}}'
GOING_ON = ("Created", "Queued", "InProgress", "Baking", "Ready")


@dataclass(frozen=True)
class Version:
    """A published version of a function."""

    function: str
    number: str
    # "Revision …": the same in all functions that one deployment published.
    release: str
    published_at: str
    table: str


class Releases:
    """The published versions of all functions, and which of them serve.

    A deployment replaces the version of a function whose code it did not change, and keeps it otherwise. So a version
    that is still there serves all releases after the one before it, up to its own.
    """

    def __init__(self, aws: Aws, stack: Stack):
        self.aws, self.stack = aws, stack
        self.functions = stack.functions()
        listed = in_parallel(self._versions, self.functions)
        self.versions: dict[str, list[Version]] = dict(zip(self.functions, listed))
        self.aliases = aliases(aws, stack)
        began: dict[str, str] = {}
        for version in (version for versions in listed for version in versions):
            began[version.release] = min(began.get(version.release, version.published_at), version.published_at)
        # The releases, oldest first, and when each was published.
        self.began = dict(sorted(began.items(), key=lambda item: item[1]))

    def serving(self) -> dict[str, list[str]]:
        """The releases that serve now, each with its functions; a roll-out serves two."""
        found: dict[str, list[str]] = {}
        for function, alias in self.aliases.items():
            numbers = [alias["FunctionVersion"], *weights(alias)]
            for version in self.versions[function]:
                if version.number in numbers:
                    found.setdefault(version.release, []).append(function)
        return found

    def of(self, release: str) -> dict[str, Version]:
        """The version of each function that served at the time of a release."""
        order = {name: place for place, name in enumerate(self.began)}
        chosen = {}
        for function, versions in self.versions.items():
            later = [version for version in versions if order[version.release] >= order[release]]
            if later:
                chosen[function] = min(later, key=lambda version: (order[version.release], int(version.number)))
        return chosen

    def _versions(self, function: str) -> list[Version]:
        name = self.stack.full_name(function)
        found = self.aws.read("lambda", "list-versions-by-function", "--function-name", name)["Versions"]
        return [
            Version(
                function,
                row["Version"],
                row.get("Description") or "unnamed",
                row["LastModified"],
                row.get("Environment", {}).get("Variables", {}).get("TABLE_NAME", ""),
            )
            for row in found
            if row["Version"] != "$LATEST"
        ]


class Rollback:
    """One way back."""

    def __init__(self, aws: Aws, stack: Stack, state: SharedState, data: TableData):
        self.aws, self.stack, self.state, self.data = aws, stack, state, data
        self.began = time.monotonic()
        self.releases = Releases(aws, stack)
        self.record = state.load("rolled-back") or {"left": [], "to": None}

    def run(self, release: str | None, force: bool) -> dict[str, str]:
        """Leads every function back and returns the version that each has to serve."""
        in_rollout = self.stack.status == "UPDATE_IN_PROGRESS"
        target = release or self.release_before(in_rollout)
        if target not in self.releases.began:
            raise Refused(f"there is no version of {target}; there are {', '.join(self.releases.began) or 'none'}")
        chosen = self.releases.of(target)
        moves = {name: version for name, version in chosen.items() if not self.is_served(version)}
        if not moves and not in_rollout:
            said = (
                f" since {self.record['who']} went back at {self.record['at']}"
                if self.record.get("to") == target
                else ""
            )
            print_line(f"{target} serves already{said}. Nothing was changed; `--to` names an earlier one.")
            return {name: version.number for name, version in chosen.items()}
        self.check_table(moves)
        self.check_data(chosen, force)
        if in_rollout:
            self.stop_rollout()
        print_line(f"Going back to {target}: {len(moves)} functions move, {len(chosen) - len(moves)} stay.")
        self.remember(target)
        self.state.check()
        in_parallel(self.move, moves.values())
        if not self.aws.dry_run:
            print_line(f"{target} serves, {time.monotonic() - self.began:.0f} s after the command began.")
        return {name: version.number for name, version in chosen.items()}

    def release_before(self, in_rollout: bool) -> str:
        """The newest release before the one that was deployed last, without those that somebody went back from."""
        names = list(self.releases.began)
        if in_rollout:
            names = [
                name for name, at in self.releases.began.items() if comparable(at) < comparable(self.stack.updated_at)
            ]
        else:
            names = names[:-1]
        names = [name for name in names if name not in self.record["left"]]
        if not names:
            raise Refused(
                "there is no version before this one: a first deployment has none, and one that changed parameters "
                "alone has replaced it. Deploy the commit or the parameters of before: infra/deploy aws"
            )
        return names[-1]

    def is_served(self, version: Version) -> bool:
        alias = self.releases.aliases[version.function]
        return alias["FunctionVersion"] == version.number and not weights(alias)

    def check_table(self, moves: dict[str, Version]) -> None:
        for version in moves.values():
            if version.table and version.table != self.stack.table:
                raise Refused(
                    f"{version.release} of {version.function} reads the table {version.table}, and {self.stack.table} is "
                    "in use since a restore. Deploy the commit of before: infra/build aws && infra/deploy aws"
                )

    def check_data(self, chosen: dict[str, Version], force: bool) -> None:
        """Asks the version before itself: that it starts, and which data it expects."""
        health = chosen.get("health")
        status, body = (
            (0, {}) if health is None else self.stack.get("health", health.number, "/api/health", "type=database")
        )
        expected = body.get("checks", {}).get("database", {}).get("expected_data_version")
        if expected is None and not force:
            raise Refused(
                f"the version before does not answer ({status}), so going back would not help; --force goes anyway"
            )
        if expected is not None:
            self.data.check_readable_by(expected)

    def stop_rollout(self) -> None:
        """Ends the deployment that is under way; CloudFormation then turns the rest of the stack back."""
        print_line("A deployment is under way and is stopped first.")
        application = self.stack.code_deploy()
        if application:
            ids = self.aws.read("deploy", "list-deployments", "--include-only-statuses", *GOING_ON)["deployments"]
            for deployment in ids:
                info = self.aws.read("deploy", "get-deployment", "--deployment-id", deployment)["deploymentInfo"]
                if info["applicationName"] == application:
                    stop = ("deploy", "stop-deployment", "--deployment-id", deployment, "--auto-rollback-enabled")
                    self.aws.change(*stop)
        self.aws.change("cloudformation", "cancel-update-stack", "--stack-name", self.stack.name)

    def remember(self, target: str) -> None:
        order = list(self.releases.began)
        newer = order[order.index(target) + 1 :]
        left = [name for name in self.record["left"] if name in order and name not in (*newer, target)] + newer
        record = {"left": left[-20:], "to": target, "who": self.state.who(), "at": now()}
        self.state.save("rolled-back", record)

    def move(self, version: Version) -> None:
        self.aws.change(
            *("lambda", "update-alias", "--function-name", self.stack.full_name(version.function), "--name", ALIAS),
            *("--function-version", version.number, "--routing-config", NO_WEIGHTS),
        )


def aliases(aws: Aws, stack: Stack) -> dict[str, dict]:
    """The alias of each function, which its URL and its schedule lead to."""

    def alias(function: str) -> dict:
        return aws.read("lambda", "get-alias", "--function-name", stack.full_name(function), "--name", ALIAS)

    functions = stack.functions()
    return dict(zip(functions, in_parallel(alias, functions)))


def weights(alias: dict) -> dict:
    return alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def comparable(time_text: str) -> str:
    """A time to the second: Lambda writes +0000 and CloudFormation Z or +00:00."""
    return time_text[:19]
