//! One parameter decides which table the functions reach, so that a restore needs no second copy under the old name.

use std::collections::BTreeSet;

use serde_yaml_ng::Value as Yaml;
use stacks::cloudformation::{deployed, resources};
use stacks::repository::{read, stack, template};

use crate::yaml;

/// The table's name: of the parameter, or of the stack's own table.
const NAME: &str = "!If [IsRestored, !Ref TableName, !Ref Table]";

#[test]
fn the_parameter_leads_functions_and_rights_to_a_restored_table() {
    for (path, document) in [("template.yaml", template()), ("infra/vercel.yaml", stack("infra/vercel.yaml"))]
    {
        assert_eq!(document["Parameters"]["TableName"]["Default"], "", "{path}");
        assert_eq!(document["Conditions"]["IsRestored"], yaml("!Not [!Equals [!Ref TableName, \"\"]]"));
        assert_eq!(document["Outputs"]["TableName"]["Value"], yaml(NAME), "{path}");
        let parameters = resources(&document, "AWS::SSM::Parameter");
        let [("TableInUse", in_use)] = parameters[..] else { panic!("{path}: {parameters:?}") };
        let arn = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}";
        let value = yaml(&format!("!If [IsRestored, !Sub \"{arn}\", !GetAtt Table.Arn]"));
        assert_eq!(in_use["Properties"]["Value"], value, "{path}");
        // Any other mention of the table would stay with the old one.
        let text = read(path);
        assert_eq!(text.matches("Table.Arn").count(), 1, "{path}");
    }
    let variables = template();
    let variables = &variables["Globals"]["Function"]["Environment"]["Variables"];
    assert_eq!(variables["TABLE_NAME"], yaml(NAME));
}

/// The names in a tuple of infra/emergency/pause.py.
fn names_in(source: &str, tuple: &str) -> BTreeSet<String> {
    let (_, rest) = source.split_once(&format!("{tuple} = (")).expect("the tuple");
    let (names, _) = rest.split_once(')').expect("its end");
    names.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn a_pause_stops_every_job_and_names_no_function_that_is_not_deployed() {
    let template = template();
    let functions = deployed(&template);
    let senders = names_in(&read("infra/emergency/pause.py"), "SENDERS");
    let is_job = |function: &&Yaml| function["Properties"].get("Events").is_some();
    let jobs = functions.iter().filter(|(_, function)| is_job(function)).map(|(name, _)| name.clone());
    let jobs: BTreeSet<String> = jobs.collect();
    assert!(jobs.is_subset(&senders), "{jobs:?} and {senders:?}");
    let unknown: Vec<&String> = senders.iter().filter(|name| !functions.contains_key(*name)).collect();
    assert_eq!(unknown, [""; 0]);
    assert!(functions.contains_key("webhooks") && !senders.contains("webhooks"));
}
