//! The stacks that are written from the template.

use stacks::repository::read;

#[test]
fn the_stacks_in_the_repository_are_those_of_the_template_and_the_routes() {
    for (path, text) in stacks::files(&read("template.yaml")).unwrap() {
        assert!(text == read(path), "{path} is out of date: run `cargo stacks`");
    }
}
