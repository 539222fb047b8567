//! The schedules in `template.yaml`: `ScheduleV2` events of the functions.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;

use super::{Expression, ScheduleError, TEMPLATE};

/// What the template says of one function.
pub(super) struct Planned {
    pub(super) job: String,
    pub(super) expression: Expression,
}

/// Every schedule, by the function it starts. CloudFormation's tags (`!Ref`, `!Sub`, …) stay tags:
/// nothing that is read here may need them.
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
            let planned = planned(&place, &function, &event["Properties"])?;
            if found.insert(function, planned).is_some() {
                return Err(missing(&place, "a function of its own: one function, one schedule"));
            }
        }
    }
    Ok(found)
}

fn planned(place: &str, function: &str, event: &Value) -> Result<Planned, ScheduleError> {
    let expression = text(event, "ScheduleExpression").ok_or_else(|| missing(place, "ScheduleExpression"))?;
    let zone = match &event["ScheduleExpressionTimezone"] {
        Value::Null => "UTC",
        zone => zone.as_str().ok_or_else(|| missing(place, "a plain ScheduleExpressionTimezone"))?,
    };
    let expression = Expression::parse_aws(expression, zone).map_err(|source| ScheduleError::Expression {
        file: TEMPLATE,
        function: function.to_owned(),
        source,
    })?;
    let input: Option<serde_json::Value> =
        text(event, "Input").and_then(|input| serde_json::from_str(input).ok());
    let job = input.as_ref().and_then(|input| input["job"].as_str());
    let job = job.ok_or_else(|| missing(place, "an Input that names the job"))?.to_owned();
    Ok(Planned { job, expression })
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
