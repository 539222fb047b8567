//! `cargo scaffold PRODUCT/NAME METHOD PATH ACCESS` adds a function with its first route to all files that both
//! platforms, the local server, the API document and the tests need; or a further route to a function that exists.
//!
//! `cargo scaffold --remove PRODUCT/NAME` removes it again, as long as its blocks are unchanged.

mod edits;
mod files;
mod function;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use edits::Edit;
use function::Function;

const USAGE: &str = "\
cargo scaffold PRODUCT/NAME METHOD PATH ACCESS   such as: marketplace/directory GET /api/professionals/{slug} Anyone
cargo scaffold --remove PRODUCT/NAME

With the folder of a function that exists, the route is added to it.
ACCESS is a value of shared::auth::Access: Anyone, SignedIn, OWNER, STAFF, PAYERS, PARTIES.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let done = match arguments.as_slice() {
        ["--remove", folder] => remove(&root, folder),
        [folder, method, path, access] => {
            Function::parse(folder, method, path, access).and_then(|function| add(&root, &function))
        }
        _ => Err(USAGE.to_owned()),
    };
    // If the terminal is gone, the exit code still reports the result.
    match done {
        Ok(text) => {
            let _ = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = io::stderr().write_all(format!("{error}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

/// Writes nothing unless every edit is possible.
fn add(root: &Path, function: &Function) -> Result<String, String> {
    let folder = root.join(function.folder());
    if folder.exists() {
        return add_route(root, function);
    }
    if !folder.parent().is_some_and(Path::is_dir) {
        return Err(format!("functions/{} is no product; make the folder first", function.product));
    }
    let edited = edited(root, edits::of(function), Edit::insert)?;
    for (path, text) in files::of(function) {
        let path = root.join(path);
        let parent = path.parent().ok_or("a file without a folder")?;
        fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        write(&path, &text)?;
    }
    edited.iter().try_for_each(|(path, text)| write(&root.join(path), text))?;
    Ok(format!(
        "{} is there. Next: `cargo fmt`, `cargo openapi`, `cargo stacks`, then docs/adding-a-route.md from point 1.\n",
        function.folder()
    ))
}

/// A further route of a function that exists.
fn add_route(root: &Path, function: &Function) -> Result<String, String> {
    let Function { method, path, .. } = function;
    let routes = read(root, edits::ROUTES)?;
    if routes.contains(&format!("\"{method}\", \"{path}\",")) {
        return Err(format!("{method} {path} is there already"));
    }
    let edited = edited(root, edits::of_route(function), Edit::insert)?;
    edited.iter().try_for_each(|(path, text)| write(&root.join(path), text))?;
    Ok(format!(
        "{method} {path} is listed for {}. Next: its handler and `.on(…)` in src/lib.rs, its wording in infra/openapi, \
         a test, then `cargo openapi`.\n",
        function.folder()
    ))
}

fn remove(root: &Path, folder: &str) -> Result<String, String> {
    let routes = read(root, edits::ROUTES)?;
    let function = Function::find(folder, &routes)?;
    let edited = edited(root, edits::of(&function), Edit::remove)?;
    edited.iter().try_for_each(|(path, text)| write(&root.join(path), text))?;
    for (path, _) in files::of(&function) {
        let path = root.join(path);
        fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let folder = root.join(function.folder());
    // Files that were added by hand are kept: only empty folders are removed.
    let _ = fs::remove_dir(folder.join("src")).and_then(|()| fs::remove_dir(&folder));
    Ok(format!("{} is removed. Next: `cargo openapi`, `cargo stacks`.\n", function.folder()))
}

/// All shared files with their edits applied.
fn edited(
    root: &Path,
    changes: Vec<Edit>,
    edit: impl Fn(&Edit, &str) -> Result<String, String>,
) -> Result<Vec<(String, String)>, String> {
    let mut edited: Vec<(String, String)> = Vec::new();
    for change in changes {
        let known = edited.iter_mut().find(|(path, _)| *path == change.path);
        match known {
            Some((_, text)) => *text = edit(&change, text)?,
            None => {
                let text = edit(&change, &read(root, &change.path)?)?;
                edited.push((change.path, text));
            }
        }
    }
    Ok(edited)
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inserted_can_be_removed_and_leaves_every_file_as_it_was() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (path, access) in [("/api/shelves/{shelf_id}", "OWNER"), ("/api/shelves", "Anyone")] {
            let function = Function::parse("marketplace/shelves", "POST", path, access).unwrap();
            for (path, with) in edited(&root, edits::of(&function), Edit::insert).unwrap() {
                let mut without = with.clone();
                assert_ne!(without, read(&root, &path).unwrap(), "{path}");
                for change in edits::of(&function).iter().filter(|change| change.path == path) {
                    without = change.remove(&without).unwrap();
                }
                assert_eq!(without, read(&root, &path).unwrap(), "{path}");
                if path == edits::ROUTES {
                    assert_eq!(Function::find("marketplace/shelves", &with).unwrap(), function);
                }
            }
        }
    }

    #[test]
    fn a_further_route_is_listed_with_the_others_of_its_function() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let function =
            Function::parse("recovery/nudge", "GET", "/api/cases/{case_id}/texts", "OWNER").unwrap();
        let edited = edited(&root, edits::of_route(&function), Edit::insert).unwrap();
        let paths: Vec<&str> = edited.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, [edits::ROUTES, "template.yaml", "vercel.json"]);
        let template = &edited[1].1;
        let listed = "      Routes:\n        - GET /api/cases/{case_id}/texts\n        - POST /api/cases/{case_id}/nudge\n";
        assert!(template.contains(listed));
        let pattern =
            "{ \"src\": \"/api/cases/[^/]+/texts\", \"dest\": \"/functions/recovery/nudge/src/main.rs\" },\n";
        assert!(edited[2].1.contains(pattern));
    }

    #[test]
    fn a_route_that_is_there_is_not_added_again() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let function = Function::parse("platform/health", "GET", "/api/health", "Anyone").unwrap();
        assert!(add(&root, &function).unwrap_err().contains("is there already"));
        let function = Function::parse("nowhere/health", "GET", "/api/health/x", "Anyone").unwrap();
        assert!(add(&root, &function).unwrap_err().contains("is no product"));
        assert!(remove(&root, "platform/nothing").is_err());
    }
}
