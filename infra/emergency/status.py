"""What an operator wants to know first: what serves, what stands still and why, how the data is, what rings."""

from __future__ import annotations

from aws import Aws, in_parallel
from shared_state import SharedState
from migration import TableData
from outcome import DONE, print_line
from pause import Pause, describe
from release import Releases
from stack import Stack
from table import TableCopy, comparable, utc
from verify import ringing, waiting


def show(aws: Aws, stack: Stack, state: SharedState) -> int:
    """Prints the state of a stack; changes nothing."""
    print_line(f"stack      {stack.name}: {stack.status}, parameters of {stack.updated_at}")
    show_functions(aws, stack)
    show_work(state, aws, stack)
    show_data(aws, stack)
    for queue, count in waiting(aws, stack).items():
        print_line(f"queue      {queue}: {count} messages")
    print_line(f"alarms     {', '.join(ringing(aws, stack.name)) or 'none rings'}")
    return DONE


def show_functions(aws: Aws, stack: Stack) -> None:
    if not stack.functions():
        return
    releases = Releases(aws, stack)
    for release, functions in releases.serving().items():
        print_line(f"serves     {release}: {len(functions)} functions{named(functions, len(releases.functions))}")
    others = [name for name in releases.began if name not in releases.serving()]
    print_line(f"kept       {', '.join(f'{name} ({releases.began[name]})' for name in others) or 'no other version'}")
    pause = Pause(aws, stack, SharedState(aws, stack.name))
    schedules = stack.schedules()
    states = dict(zip(schedules, in_parallel(pause.schedule_state, schedules)))
    print_line(f"schedules  {', '.join(f'{name} {state.lower()}' for name, state in states.items())}")
    print_line(f"stopped    {', '.join(pause.stopped()) or 'nothing that sends'}")


def show_work(state: SharedState, aws: Aws, stack: Stack) -> None:
    held, record, restore, back = (state.load(name) for name in ("lock", "paused", "restore", "rolled-back"))
    if held:
        print_line(f"at work    {held['who']} since {held['since']}: {held['command']}")
    print_line(f"pause      {describe(record) if record else 'nothing is paused'}")
    if record and stack.functions():
        for line in Pause(aws, stack, state).differences(record):
            print_line(f"           but {line}")
    if restore:
        done = ", ".join(restore["done"]) or "nothing"
        print_line(
            f"restore    as of {restore['moment'] or restore['backup']} into {restore['table']}, by {restore['who']}; done: {done}"
        )
    if back:
        print_line(f"went back  to {back['to']}, {back['who']} at {back['at']}; away from {', '.join(back['left'])}")


def show_data(aws: Aws, stack: Stack) -> None:
    data, copy = TableData(aws, stack.table), TableCopy(aws, stack.table, stack.table)
    found, row, window = copy.description(), data.row(), copy.window()
    protection = "cannot be deleted" if found.get("DeletionProtectionEnabled") else "CAN BE DELETED"
    print_line(
        f"table      {stack.table}: {found.get('TableStatus', 'absent')}, about {found.get('ItemCount', '?')} rows, {protection}"
    )
    claim, work = row.get("claim"), row.get("work")
    said = (
        f"version {row.get('data_version', 0)}, for code that expects {row.get('oldest_reader', 'the same')} or newer"
    )
    said += f"; {claim['owner']} migrates since {claim['since']}" if claim else ""
    said += f"; migration {work['migration']} stands half done" if work else ""
    print_line(f"data       {said}")
    print_line(f"as of      {f'{window[0]} to {window[1]}' if window else 'no moment: point-in-time recovery is off'}")
    backups = aws.read("dynamodb", "list-backups", "--table-name", stack.table).get("BackupSummaries", [])
    newest = sorted(backups, key=lambda backup: comparable(utc(backup["BackupCreationDateTime"])))[-3:]
    for backup in reversed(newest):
        print_line(f"backup     {utc(backup['BackupCreationDateTime'])} {backup['BackupName']} {backup['BackupArn']}")


def named(functions: list[str], count: int) -> str:
    return "" if len(functions) == count else f" ({', '.join(functions)})"
