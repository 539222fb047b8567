//! CloudFront before the functions.

use std::collections::BTreeSet;

use serde_yaml_ng::Value as Yaml;
use stacks::repository::{stack, template};

#[test]
fn cloudfront_leads_to_the_functions_that_the_template_hands_it() {
    let (template, cloudfront) = (template(), stack("infra/cloudfront.yaml"));
    let handed =
        template["Resources"]["CloudFront"]["Properties"]["Parameters"].as_mapping().expect("parameters");
    let taken = cloudfront["Parameters"].as_mapping().expect("parameters");
    let names = |mapping: &serde_yaml_ng::Mapping| -> BTreeSet<String> {
        mapping.keys().map(|name| name.as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(handed), names(taken));
    for (name, value) in
        handed.iter().filter(|(_, value)| matches!(value, Yaml::Tagged(tagged) if tagged.tag == "Select"))
    {
        let url = format!("{}Url.FunctionUrl", name.as_str().expect("a name"));
        let text = serde_yaml_ng::to_string(value).expect("YAML");
        assert!(text.contains(&url), "{text} is not {url}");
    }
}
