//! The schedules in `template.yaml`: `ScheduleV2` events of the functions.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;
use shared::json::read_trusted;

use super::{Expression, ScheduleError, TEMPLATE};

/// The schedule of one function in the template.
pub(super) struct Planned {
    pub(super) job: String,
    pub(super) expression: Expression,
}

/// Every schedule, by the function that it starts. CloudFormation's tags (`!Ref`, `!Sub`, …) stay tags,
/// except a `!Ref` to a parameter, which is replaced by the parameter's default.
pub(super) fn read(template: &str) -> Result<BTreeMap<String, Planned>, ScheduleError> {
    let template: Value = serde_yaml_ng::from_str(template).map_err(ScheduleError::Template)?;
    let mut found = BTreeMap::new();
    for (id, resource) in entries(&template, "Resources") {
        for (event_id, event) in entries(&resource["Properties"], "Events") {
            if text(event, "Type") != Some("ScheduleV2") {
                continue;
            }
            let place = format!("{id}.{event_id}");
            let function = text(&resource["Metadata"]["BuildProperties"], "Binary");
            let function = function.ok_or_else(|| missing(&place, "the function's binary"))?.to_owned();
            let planned = planned(&place, &function, &event["Properties"], &template["Parameters"])?;
            if found.insert(function, planned).is_some() {
                return Err(missing(&place, "a function of its own: one function, one schedule"));
            }
        }
    }
    Ok(found)
}

fn planned(place: &str, function: &str, event: &Value, parameters: &Value) -> Result<Planned, ScheduleError> {
    let expression = by_default(&event["ScheduleExpression"], parameters);
    let expression = expression.ok_or_else(|| missing(place, "ScheduleExpression"))?;
    let zone = match &event["ScheduleExpressionTimezone"] {
        Value::Null => "UTC",
        zone => by_default(zone, parameters)
            .ok_or_else(|| missing(place, "a ScheduleExpressionTimezone that can be read"))?,
    };
    let expression = Expression::parse_aws(expression, zone).map_err(|source| ScheduleError::Expression {
        file: TEMPLATE,
        function: function.to_owned(),
        source,
    })?;
    let input: Option<serde_json::Value> =
        text(event, "Input").and_then(|input| read_trusted(input.as_bytes()).ok());
    let job = input.as_ref().and_then(|input| input["job"].as_str());
    let job = job.ok_or_else(|| missing(place, "an Input that names the job"))?.to_owned();
    Ok(Planned { job, expression })
}

/// A text, or the default of the parameter that it refers to.
fn by_default<'a>(value: &'a Value, parameters: &'a Value) -> Option<&'a str> {
    match value {
        Value::Tagged(tagged) if tagged.tag == "Ref" => {
            parameters[tagged.value.as_str()?]["Default"].as_str()
        }
        value => value.as_str(),
    }
}

fn entries<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let mapping = value[name].as_mapping().into_iter().flatten();
    mapping.filter_map(|(key, value)| Some((key.as_str()?, value)))
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str()
}

fn missing(place: &str, what: &str) -> ScheduleError {
    ScheduleError::Incomplete { file: TEMPLATE, what: format!("{place} lacks {what}") }
}
