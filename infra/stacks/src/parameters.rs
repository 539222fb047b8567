//! `cargo stacks parameters`: reports all errors in a deployment's parameters at once. CloudFormation checks the
//! same rules of the template but reports one error at a time.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_yaml_ng::Value;

type Given<'a> = BTreeMap<&'a str, &'a str>;

/// Parses `NAME=VALUE` and formats each for `sam deploy --parameter-overrides`. A first deployment must set every
/// parameter without a default and fulfil the template's rules; a later one keeps the values that it does not
/// set.
pub fn overrides(template: &str, arguments: &[&str], is_first: bool) -> Result<Vec<String>, String> {
    let template: Value = serde_yaml_ng::from_str(template).map_err(|error| error.to_string())?;
    let pairs: Option<Vec<(&str, &str)>> = arguments.iter().map(|text| text.split_once('=')).collect();
    let given: Given<'_> = pairs.ok_or("expected PARAMETER=VALUE")?.into_iter().collect();
    let mistakes = mistakes(&template, &given, is_first);
    if !mistakes.is_empty() {
        return Err(format!("nothing is deployed:\n  {}", mistakes.join("\n  ")));
    }
    Ok(given.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect())
}

/// Escapes a value as `sam` reads it in quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

fn mistakes(template: &Value, given: &Given<'_>, is_first: bool) -> Vec<String> {
    let known = || template["Parameters"].as_mapping().into_iter().flatten();
    let known = || known().filter_map(|(name, limits)| Some((name.as_str()?, limits)));
    let unknown = given.keys().filter(|name| known().all(|(known, _)| known != **name));
    let mut mistakes: Vec<String> =
        unknown.map(|name| format!("{name}: the template has no such parameter.")).collect();
    for (name, limits) in known() {
        match given.get(name) {
            Some(value) => mistakes.extend(refusal(name, value, limits)),
            None if is_first && limits.get("Default").is_none() => {
                mistakes.push(format!("{name} has to be named: {}", text(&limits["Description"])));
            }
            None => {}
        }
    }
    if is_first {
        let value = |name: &str| match given.get(name) {
            Some(value) => (*value).to_owned(),
            None => text(&template["Parameters"][name]["Default"]),
        };
        mistakes.extend(broken_rules(template, &value));
    }
    mistakes
}

/// Why a value is refused, with the template's own text if there is one.
fn refusal(name: &str, value: &str, limits: &Value) -> Option<String> {
    let length = value.chars().count() as u64;
    let is_allowed =
        limits["AllowedValues"].as_sequence().is_none_or(|all| all.iter().any(|one| text(one) == value));
    let fits = limits["AllowedPattern"]
        .as_str()
        .is_none_or(|pattern| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(value)));
    let is_short = limits["MaxLength"].as_u64().is_none_or(|most| length <= most);
    let number = value.parse::<i64>();
    let is_in_range =
        limits["MinValue"].as_i64().is_none_or(|least| number.as_ref().is_ok_and(|it| *it >= least))
            && limits["MaxValue"].as_i64().is_none_or(|most| number.as_ref().is_ok_and(|it| *it <= most));
    if value.contains(['\n', '\r']) {
        return Some(format!("{name} is one line."));
    }
    if is_allowed && fits && is_short && is_in_range {
        return None;
    }
    Some(match (limits["ConstraintDescription"].as_str(), limits["AllowedValues"].as_sequence()) {
        (Some(said), _) => said.to_owned(),
        (None, Some(all)) => {
            format!("{name} is one of {}.", all.iter().map(text).collect::<Vec<_>>().join(", "))
        }
        (None, None) => format!("{name} is too long: {length} characters."),
    })
}

/// The texts of violated rules.
fn broken_rules(template: &Value, value: &impl Fn(&str) -> String) -> Vec<String> {
    let rules = template["Rules"].as_mapping().into_iter().flatten().map(|(_, rule)| rule);
    let applies =
        |rule: &&Value| rule.get("RuleCondition").is_none_or(|condition| evaluate(condition, value));
    let assertions = rules.filter(applies).filter_map(|rule| rule["Assertions"].as_sequence()).flatten();
    let broken = assertions.filter(|assertion| !evaluate(&assertion["Assert"], value));
    broken.map(|assertion| text(&assertion["AssertDescription"])).collect()
}

/// Evaluates a condition, as far as the template's rules use CloudFormation's functions.
fn evaluate(condition: &Value, value: &impl Fn(&str) -> String) -> bool {
    let Value::Tagged(function) = condition else { return false };
    let arguments = function.value.as_sequence().map(Vec::as_slice).unwrap_or_default();
    match (function.tag.to_string().as_str(), arguments) {
        ("!Or", any) => any.iter().any(|one| evaluate(one, value)),
        ("!And", all) => all.iter().all(|one| evaluate(one, value)),
        ("!Not", [one]) => !evaluate(one, value),
        ("!Equals", [one, other]) => term(one, value) == term(other, value),
        _ => false,
    }
}

fn term(of: &Value, value: &impl Fn(&str) -> String) -> String {
    match of {
        Value::Tagged(reference) if reference.tag == "!Ref" => value(&text(&reference.value)),
        plain => text(plain),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");

    fn asked(arguments: &[&str], is_first: bool) -> Result<Vec<String>, String> {
        overrides(TEMPLATE, arguments, is_first)
    }

    #[test]
    fn all_errors_are_reported_together_with_the_templates_descriptions() {
        let wrong = [
            "AlarmMail=you",
            "Rollout=Sometimes",
            "LogRetentionDays=2",
            "Domain=api.example.com",
            "Whop=app_1",
        ];
        let said = asked(&wrong, true).unwrap_err();
        let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
        for message in [
            text(&template["Parameters"]["AlarmMail"]["ConstraintDescription"]),
            text(&template["Rules"]["DomainNeedsCertificate"]["Assertions"][0]["AssertDescription"]),
            text(&template["Rules"]["DomainNeedsCertificate"]["Assertions"][1]["AssertDescription"]),
            "Rollout is one of Canary10Percent5Minutes".to_owned(),
            "LogRetentionDays is one of 1, 3".to_owned(),
            "Whop: the template has no such parameter.".to_owned(),
            "WhopAppId has to be named: ".to_owned(),
        ] {
            assert!(said.contains(&message), "{message} in {said}");
        }
        assert_eq!(said.lines().count(), 8, "{said}");
    }

    #[test]
    fn a_first_deployment_without_an_alarm_address_is_refused_and_a_later_one_keeps_it() {
        let message = asked(&["WhopAppId=app_1"], true).unwrap_err();
        assert!(message.contains("Alarms need a recipient"), "{message}");
        assert_eq!(asked(&["WhopAppId=app_1"], false).unwrap(), ["WhopAppId=\"app_1\""]);
        assert!(asked(&["WhopAppId=app_1", "AlarmMail=you@example.com"], true).is_ok());
        assert!(asked(&["WhopAppId"], false).is_err(), "no value");
        assert!(asked(&["WhopUserTokenPublicKey=two\nlines"], false).is_err(), "sam takes one");
    }

    #[test]
    fn a_value_stays_itself_in_quotes() {
        let issuers = r#"BearerIssuers=[{"issuer": "https://a.example"}]"#;
        assert_eq!(
            asked(&[issuers], false).unwrap(),
            [r#"BearerIssuers="[{\"issuer\": \"https://a.example\"}]""#]
        );
    }

    #[test]
    fn the_rules_use_no_function_that_is_not_understood() {
        fn functions(of: &Value, into: &mut Vec<String>) {
            match of {
                Value::Tagged(function) => {
                    into.push(function.tag.to_string());
                    functions(&function.value, into);
                }
                Value::Sequence(all) => all.iter().for_each(|one| functions(one, into)),
                Value::Mapping(all) => all.values().for_each(|one| functions(one, into)),
                _ => {}
            }
        }
        let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
        let mut used = Vec::new();
        functions(&template["Rules"], &mut used);
        assert!(
            used.iter().all(|tag| ["!Or", "!And", "!Not", "!Equals", "!Ref"].contains(&tag.as_str())),
            "{used:?}"
        );
        for (name, limits) in template["Parameters"].as_mapping().unwrap() {
            if let Some(pattern) = limits["AllowedPattern"].as_str() {
                assert!(Regex::new(pattern).is_ok(), "{name:?}");
            }
        }
    }
}
