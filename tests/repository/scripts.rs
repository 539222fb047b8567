//! Scripts run with what an operator's machine has: the bash 3.2 of macOS, and Python 3.9.

use stacks::repository::read;
use support::repository::texts;

const BASH: [&str; 5] = [".ci/run", "infra/build", "infra/check/run", "infra/deploy", "infra/redrive"];

/// What bash 4 brought.
const NEWER_THAN_BASH_3: [&str; 10] = [
    "mapfile",
    "readarray",
    "declare -A",
    "local -A",
    "declare -n",
    "local -n",
    "coproc",
    "|&",
    ",,}",
    "^^}",
];

#[test]
fn no_script_needs_a_newer_bash_than_the_one_of_macos() {
    for path in BASH {
        let text = read(path);
        assert!(text.starts_with("#!/usr/bin/env bash\n"), "{path}");
        assert!(text.contains("\nset -euo pipefail\n"), "{path} goes on after an error");
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        for line in code {
            let newer: Vec<&&str> = NEWER_THAN_BASH_3.iter().filter(|form| line.contains(**form)).collect();
            assert!(newer.is_empty(), "{path}: {newer:?} in {line}");
        }
    }
}

#[test]
fn the_emergency_command_needs_nothing_but_python_and_stays_in_short_files() {
    let files: Vec<_> =
        texts("infra/emergency").into_iter().filter(|file| file.path.ends_with(".py")).collect();
    let own: Vec<&str> =
        files.iter().filter_map(|file| file.path.rsplit('/').next()?.strip_suffix(".py")).collect();
    assert!(own.contains(&"cli"), "{own:?}");
    for file in &files {
        let lines: Vec<&str> = file.text.lines().collect();
        assert!(lines.len() <= 350, "{}: {} lines", file.path, lines.len());
        // Its annotations are those of newer versions, which this line makes harmless.
        assert!(lines.contains(&"from __future__ import annotations"), "{}", file.path);
        for line in &lines {
            let module = line.strip_prefix("from ").or_else(|| line.strip_prefix("import "));
            let Some(module) = module.and_then(|rest| rest.split([' ', '.', ',']).next()) else { continue };
            assert!(own.contains(&module) || STANDARD.contains(&module), "{}: {line}", file.path);
        }
    }
}

/// Modules of the standard library, each in Python 3.9 too.
const STANDARD: [&str; 21] = [
    "__future__",
    "argparse",
    "base64",
    "concurrent",
    "contextlib",
    "dataclasses",
    "datetime",
    "getpass",
    "hashlib",
    "json",
    "os",
    "pathlib",
    "re",
    "shlex",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "time",
    "urllib",
    "uuid",
];
