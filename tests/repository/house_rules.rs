//! The rules of the house, as far as a machine can see them. Each is a wish until a test keeps it.

use std::collections::{BTreeMap, BTreeSet};

use stacks::repository::{function_folder, functions, read, read_of, root};
use support::repository::{code, rust, texts};

/// The rank of every module of `shared`, from the first lines of its `lib.rs`.
fn ranks() -> BTreeMap<String, usize> {
    let text = read("shared/src/lib.rs");
    let line = text.lines().find(|line| line.contains(" → ")).expect("the order is in lib.rs");
    let order = line.split('`').nth(1).expect("the order is between backticks").split(" → ");
    let ranked = order.enumerate().flat_map(|(rank, group)| group.split(", ").map(move |name| (name, rank)));
    ranked.map(|(name, rank)| (name.to_owned(), rank)).collect()
}

#[test]
fn modules_of_the_library_use_only_lower_ones() {
    let ranks = ranks();
    let text = read("shared/src/lib.rs");
    let modules = ["pub mod ", "pub use "];
    let declared = text
        .lines()
        .filter_map(|line| modules.iter().find_map(|start| line.strip_prefix(start))?.strip_suffix(';'));
    let declared: BTreeSet<&str> = declared.collect();
    assert_eq!(declared, ranks.keys().map(String::as_str).collect(), "lib.rs declares and orders the same");
    let mut wrong = Vec::new();
    for file in rust("shared/src") {
        let place = file.path.trim_start_matches("shared/src/").trim_end_matches(".rs");
        let module = place.split('/').next().unwrap_or_default();
        let Some(rank) = ranks.get(module) else { continue };
        for used in code(&file).flat_map(|line| line.split("crate::").skip(1)) {
            let end = used.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(used.len());
            let used = &used[..end];
            if used != module && ranks.get(used).is_none_or(|used| used >= rank) {
                wrong.push(format!("{} uses `{used}`", file.path));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn the_domain_is_pure() {
    let known = [
        "chrono",
        "chrono_tz",
        "crate",
        "proptest",
        "serde",
        "serde_json",
        "std",
        "super",
        "thiserror",
        "uuid",
    ];
    let impure =
        ["async ", ".await", "::now()", "std::env", "std::fs", "std::net", "std::process", "std::time"];
    for file in rust("shared/domain/src") {
        for line in code(&file) {
            let found = impure.iter().find(|word| line.contains(*word));
            assert_eq!(found, None, "{}: {line}", file.path);
            let used = line.trim_start().trim_start_matches("pub ").strip_prefix("use ");
            let root = used.map(|used| used.split(|c: char| !c.is_alphanumeric() && c != '_').next());
            // A lone name is a module of the file's own.
            if let Some(Some(root)) = root
                && used
                    .is_some_and(|used| !file.text.contains(&format!("mod {root};")) && used.contains("::"))
            {
                assert!(known.contains(&root), "{}: {line}", file.path);
            }
        }
    }
}

/// The kernel names no product, and neither of the two products names the other: nor do their folders of the store.
#[test]
fn products_do_not_name_each_other() {
    let absent = [
        ("kernel", ["accounts", "marketplace", "platform", "recovery"].as_slice()),
        ("recovery", &["marketplace", "accounts"]),
        ("marketplace", &["recovery", "accounts"]),
    ];
    for (product, others) in absent {
        for (folder, root) in [("shared/domain/src", "crate"), ("shared/src/store", "crate::store")] {
            for file in
                rust(folder).iter().filter(|file| file.path.starts_with(&format!("{folder}/{product}/")))
            {
                for line in code(file) {
                    for other in others {
                        assert!(!line.contains(&format!("{root}::{other}::")), "{}: {line}", file.path);
                        assert!(!line.contains(&format!("domain::{other}::")), "{}: {line}", file.path);
                    }
                }
            }
        }
    }
}

/// So that the test of a route is found by its function, which the table of routes names.
#[test]
fn every_function_has_tests_in_a_file_that_begins_with_its_name() {
    for name in functions() {
        let folder = function_folder(&name);
        let product = folder.split('/').nth(1).expect("functions/<product>/<name>");
        let begins = format!("tests/{product}/{}", name.replace('-', "_"));
        assert!(
            rust("tests").iter().any(|file| file.path.starts_with(&begins)),
            "no test begins with {begins}"
        );
    }
}

#[test]
fn functions_know_no_table_but_through_the_library() {
    for file in texts("functions") {
        for name in ["aws_sdk", "aws-sdk", "aws_smithy", "aws-smithy", "aws_config", "aws-config"] {
            assert!(!file.text.contains(name), "{} names {name}", file.path);
        }
    }
}

#[test]
fn every_function_follows_the_one_plan() {
    for name in functions() {
        let main = read_of(&name, "src/main.rs");
        for part in [
            "#[tokio::main(flavor = \"current_thread\")]",
            &format!("App::start(\"{name}\")"),
            &format!("name: \"{name}\""),
        ] {
            assert!(main.contains(part), "src/main.rs of {name} lacks {part}");
        }
        assert!(main.lines().count() <= 20, "src/main.rs of {name} only starts the runtime");
        let header = read_of(&name, "src/lib.rs");
        assert!(header.starts_with("//! "), "src/lib.rs of {name} begins with its header comment");
        for line in ["- **Called by** ", "- **Reads** ", "- **Writes** ", "- **Answers** ", "- **Twice"] {
            assert!(header.contains(&format!("//! {line}")), "the header comment of {name} lacks `{line}`");
        }
        let manifest = read_of(&name, "Cargo.toml");
        for part in [
            &format!("[[bin]]\nname = \"{name}\"\npath = \"src/main.rs\"\n"),
            "default = [\"vercel\"]\n",
            "aws = [\"shared/aws\"]\n",
            "vercel = [\"shared/vercel\", \"dep:vercel_runtime\"]\n",
        ] {
            assert!(manifest.contains(part), "Cargo.toml of {name} lacks {part}");
        }
    }
}

/// The plan is 250; this is where a file must be split by its nouns.
const MAX_LINES: usize = 350;

#[test]
fn no_file_of_code_is_longer_than_one_can_keep_in_mind() {
    let long = rust("").into_iter().map(|file| (file.text.lines().count(), file.path));
    let long: Vec<_> = long.filter(|(lines, _)| *lines > MAX_LINES).collect();
    assert_eq!(long, []);
}

/// The lines of a section of a manifest that name something.
fn section(manifest: &str, name: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| line.trim() != format!("[{name}]")).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn json_from_outside_is_read_in_one_place() {
    let parsers = [
        "serde_json::from_slice",
        "serde_json::from_str",
        "serde_json::from_reader",
        "serde_json::Deserializer",
    ];
    let mut wrong = Vec::new();
    // It validates first and then parses, because it needs the text of the error.
    let judges_itself = "infra/local/src/embedded/dispatch.rs";
    for file in
        ["shared/src", "functions", "infra/local/src", "infra/stand-ins/src"].into_iter().flat_map(rust)
    {
        let is_test = file.path.contains("/tests") || file.path.ends_with("_tests.rs");
        if is_test || file.path.starts_with("shared/src/json") {
            continue;
        }
        if file.path == judges_itself && file.text.contains("rename_reserved(body.as_bytes(), TRUSTED)") {
            continue;
        }
        let own = file.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = own.lines().filter(|line| parsers.iter().any(|parser| line.contains(parser)));
        wrong.extend(lines.map(|line| format!("{}: {}", file.path, line.trim())));
    }
    assert_eq!(wrong, [""; 0], "shared::json judges the bytes before they are parsed");
}

#[test]
fn no_function_switches_the_parsers_raw_values_on() {
    // `axum/json` and `lambda_http` would; Vercel's runtime does, and we cannot switch it off.
    let root = read("Cargo.toml");
    let axum = root.lines().find(|line| line.starts_with("axum = ")).expect("axum is in the table");
    assert!(!axum.contains("\"json\""), "{axum}");
    assert!(!root.contains("\nlambda_http"), "lambda_http is in the table again");
    for function in functions() {
        let manifest = read_of(&function, "Cargo.toml");
        assert!(!manifest.contains("raw_value") && !manifest.contains("\"json\""), "{function}");
    }
}

#[test]
fn every_dependency_has_a_reason_and_a_user() {
    let mut used = BTreeSet::new();
    for file in texts("").iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for line in section(&file.text, kind) {
                assert!(line.contains("workspace = true"), "{} bypasses the table: {line}", file.path);
                used.extend(line.split(['.', ' ']).next().map(str::to_owned));
            }
        }
    }
    let table = section(&read("Cargo.toml"), "workspace.dependencies");
    assert!(!table.is_empty());
    for line in table {
        let name = line.split(' ').next().unwrap_or_default();
        assert!(line.split_once(" # ").is_some_and(|(_, reason)| reason.len() > 10), "{name} has no reason");
        assert!(used.contains(name), "{name} is in the table and no member uses it");
    }
}

/// A dependency that a member's code does not name costs every build, and stays in `Cargo.lock` unnoticed.
#[test]
fn every_member_names_its_dependencies_in_its_code() {
    let manifests: Vec<_> = texts("").into_iter().filter(|file| file.path.ends_with("/Cargo.toml")).collect();
    let folders: Vec<&str> = manifests.iter().map(|file| file.path.trim_end_matches("Cargo.toml")).collect();
    let sources = rust("");
    let mut unused = Vec::new();
    for (manifest, folder) in manifests.iter().zip(&folders) {
        // A member's folder may hold other members.
        let nested = |path: &str| {
            folders.iter().any(|other| {
                other.len() > folder.len() && other.starts_with(folder) && path.starts_with(other)
            })
        };
        let own = sources.iter().filter(|file| file.path.starts_with(folder) && !nested(&file.path));
        let words: BTreeSet<&str> =
            own.flat_map(|file| file.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).collect();
        for kind in ["dependencies", "dev-dependencies"] {
            for line in section(&manifest.text, kind) {
                let name = line.split(['.', ' ']).next().unwrap_or_default();
                // Vercel's builder looks for its runtime in every function.
                if name.is_empty() || name.starts_with('#') || name == "vercel_runtime" {
                    continue;
                }
                let crate_name =
                    if name == "dynoxide-rs" { "dynoxide".to_owned() } else { name.replace('-', "_") };
                if !words.contains(crate_name.as_str()) {
                    unused.push(format!("{} {name}", manifest.path));
                }
            }
        }
    }
    assert_eq!(unused, [""; 0]);
}

#[test]
fn the_settings_of_the_build_tools_are_explicit() {
    let manifest = read("Cargo.toml");
    let release = section(&manifest, "profile.release");
    let unwinds = release.iter().any(|line| line.starts_with("panic = \"unwind\""));
    assert!(unwinds, "cargo-lambda takes a release profile without `panic` for `abort`");
    let lambda = section(&manifest, "workspace.metadata.lambda.build");
    assert_eq!(lambda, ["no_default_features = true", "features = [\"aws\"]"]);
    let builder = read(".cargo/config.toml");
    assert!(builder.lines().any(|line| line == "[build]"), "Vercel's builder fails without the table");
    assert!(!root().join("build.sh").exists(), "Vercel's builder would run it");
}

#[test]
fn no_file_names_a_local_path_or_registry() {
    let homes = ["home", "root", "Users", "work", "mnt"].map(|top| format!("/{top}/"));
    let registries = ["registry", "sparse"].map(|kind| format!("{kind}+http"));
    let settings = ["source", "registries"].map(|table| format!("[{table}."));
    for file in texts("") {
        for word in homes.iter().chain(&registries).chain(&settings) {
            assert!(!file.text.contains(word), "{} speaks of {word}", file.path);
        }
    }
    let lock = read("Cargo.lock");
    let sources: BTreeSet<&str> = lock.lines().filter(|line| line.starts_with("source = ")).collect();
    let public = "https://github.com/rust-lang/crates.io-index\"";
    assert!(sources.len() == 1 && sources.iter().all(|source| source.ends_with(public)), "{sources:?}");
}
