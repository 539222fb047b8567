//! Reads the functions of `template.yaml`, from which all stacks are generated.

use serde_yaml_ng::Value;
use shared::domain::platform::job::Job;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The resource name in the template, such as `SignIn`.
    pub id: String,
    /// Its name, such as `sign-in`.
    pub name: String,
    pub timeout_seconds: u64,
    /// Its job, if a schedule starts it.
    pub job: Option<Job>,
}

/// Every function, in the order of the template.
pub fn read(template: &str) -> Result<Vec<Function>, String> {
    let template: Value = serde_yaml_ng::from_str(template).map_err(|error| error.to_string())?;
    let usual = &template["Globals"]["Function"]["Timeout"];
    let resources = template["Resources"].as_mapping().ok_or("template.yaml has no Resources")?;
    let functions = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    functions
        .map(|(id, resource)| {
            let id = id.as_str().unwrap_or_default().to_owned();
            let name = resource["Metadata"]["BuildProperties"]["Binary"].as_str();
            let timeout = resource["Properties"].get("Timeout").unwrap_or(usual).as_u64();
            Ok(Function {
                name: name.ok_or_else(|| format!("{id} names no binary"))?.to_owned(),
                timeout_seconds: timeout.ok_or_else(|| format!("{id} has no time limit"))?,
                job: job(&id, &resource["Properties"]["Events"])?,
                id,
            })
        })
        .collect()
}

fn job(id: &str, events: &Value) -> Result<Option<Job>, String> {
    let mut events = events.as_mapping().into_iter().flat_map(|events| events.values());
    let Some(event) = events.find(|event| event["Type"] == "ScheduleV2") else { return Ok(None) };
    let input: Option<serde_json::Value> =
        event["Properties"]["Input"].as_str().and_then(|input| serde_json::from_str(input).ok());
    let name = input.as_ref().and_then(|input| input["job"].as_str());
    let name = name.ok_or_else(|| format!("the schedule of {id} names no job"))?;
    // Without the job's usual interval a missed run could not be detected.
    Job::named(name).map(Some).ok_or_else(|| format!("the job {name} is not in JOBS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_with_a_schedule_is_a_job_with_its_pause() {
        let template = r#"
Globals: {Function: {Timeout: 30}}
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  Kpis: {Type: AWS::Serverless::Function, Metadata: {BuildProperties: {Binary: kpis}}, Properties: {}}
  Payouts:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: payouts}}
    Properties:
      Timeout: 300
      Events: {Days: {Type: ScheduleV2, Properties: {Input: '{"job": "payouts"}'}}}
"#;
        let functions = read(template).unwrap();
        assert_eq!(
            (functions[0].id.as_str(), functions[0].timeout_seconds, functions[0].job),
            ("Kpis", 30, None)
        );
        assert_eq!((functions[1].timeout_seconds, functions[1].job), (300, Job::named("payouts")));
        assert!(read(&template.replace("\"payouts\"", "\"parties\"")).unwrap_err().contains("JOBS"));
        assert!(read(&template.replace("Binary: kpis", "B: kpis")).is_err());
    }
}
