//! The parameters of a deployment.

use stacks::repository::template;

#[test]
fn a_parameter_that_cannot_be_used_is_refused_with_a_sentence_of_its_own() {
    for (name, parameter) in template()["Parameters"].as_mapping().expect("parameters") {
        let name = name.as_str().expect("a name");
        let is_limited = ["AllowedPattern", "MinValue"].iter().any(|limit| parameter.get(*limit).is_some());
        let said = parameter["ConstraintDescription"].as_str();
        assert_eq!(
            is_limited,
            said.is_some_and(|said| said.starts_with(name) && said.ends_with('.')),
            "{name}"
        );
        if let Some(pattern) = parameter["AllowedPattern"].as_str() {
            assert!(pattern.starts_with('^') && pattern.ends_with('$'), "{name}: part of a value would do");
        }
        let is_closed = is_limited
            || parameter.get("AllowedValues").is_some()
            || name == "WhopUserTokenPublicKey"
            || name == "OidcClientId";
        assert!(is_closed, "{name} takes anything");
    }
}
