use super::*;

const DEPLOYED_TEMPLATE: &str = include_str!("../../../../template.yaml");
const DEPLOYED_VERCEL: &str = include_str!("../../../../vercel.json");

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn aws(expression: &str, zone: &str, after: &str, until: &str) -> Vec<String> {
    let expression = Expression::parse_aws(expression, zone).unwrap();
    expression.between(at(after), at(until)).map(|at| at.format("%a %FT%RZ").to_string()).collect()
}

fn template(expression: &str, zone: &str) -> String {
    format!(
        r#"
Resources:
  Table: {{Type: AWS::DynamoDB::Table, Properties: {{TableName: !Sub "${{AWS::StackName}}-x"}}}}
  Payouts:
    Type: AWS::Serverless::Function
    Metadata: {{BuildMethod: rust-cargolambda, BuildProperties: {{Binary: payouts}}}}
    Properties:
      Role: !GetAtt Role.Arn
      Events:
        Web: {{Type: HttpApi}}
        Schedule:
          Type: ScheduleV2
          Properties:
            Name: !Sub "${{AWS::StackName}}-payouts"
            ScheduleExpression: {expression}
            ScheduleExpressionTimezone: {zone}
            Input: '{{"job": "payouts", "scheduled_at": "<aws.scheduler.scheduled-time>"}}'
"#
    )
}

fn vercel(schedule: &str) -> String {
    let path = "/api/cron/process-payouts";
    serde_json::json!({
        "routes": [{"src": path, "dest": "/functions/marketplace/payouts/src/main.rs"}, {"src": "/.*", "status": 404}],
        "crons": [{"path": path, "schedule": schedule}],
    })
    .to_string()
}

#[test]
fn what_is_deployed_starts_the_reminders_every_five_minutes_on_both_platforms() {
    let schedules = read(DEPLOYED_TEMPLATE, DEPLOYED_VERCEL).unwrap();
    let reminders = schedules.iter().find(|schedule| schedule.job == "reminders").unwrap();
    assert_eq!((reminders.method.as_str(), reminders.path.as_str()), ("GET", "/api/scheduler/reminders"));
    let times: Vec<_> = reminders.between(at("2026-11-20T14:00:00Z"), at("2026-11-20T14:10:00Z")).collect();
    assert_eq!(times, [at("2026-11-20T14:05:00Z"), at("2026-11-20T14:10:00Z")]);
}

#[test]
fn a_parameter_is_replaced_by_its_default() {
    let parameters = "Parameters: {Hour: {Type: String, Default: cron(0 6 * * ? *)}, Zone: {Type: String, Default: America/Bogota}}";
    let text = format!("{parameters}\n{}", template("!Ref Hour", "!Ref Zone"));
    let schedules = read(&text, &vercel("0 11 * * *")).unwrap();
    let times: Vec<_> =
        schedules[0].between(at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z")).collect();
    assert_eq!(times, [at("2026-11-20T11:00:00Z")]);
    assert!(
        read(&template("!Ref Hour", "UTC"), &vercel("0 11 * * *")).is_err(),
        "there is no such parameter"
    );
}

#[test]
fn a_rate_counts_in_slots_from_the_epoch() {
    let times = |rate: &str| aws(rate, "UTC", "2026-11-20T13:59:59Z", "2026-11-20T16:00:00Z");
    assert_eq!(
        times("rate(1 hour)"),
        ["Fri 2026-11-20T14:00Z", "Fri 2026-11-20T15:00Z", "Fri 2026-11-20T16:00Z"]
    );
    assert_eq!(
        times("rate(45 minutes)"),
        ["Fri 2026-11-20T14:15Z", "Fri 2026-11-20T15:00Z", "Fri 2026-11-20T15:45Z"]
    );
    assert_eq!(times("rate(1 day)"), [""; 0]);
}

#[test]
fn a_time_is_planned_after_the_beginning_and_up_to_the_end() {
    for expression in ["rate(5 minutes)", "cron(0/5 * * * ? *)"] {
        let expression = Expression::parse_aws(expression, "UTC").unwrap();
        let (from, to) = (at("2026-11-20T14:05:00Z"), at("2026-11-20T14:10:00Z"));
        assert_eq!(expression.between(from, to).collect::<Vec<_>>(), [to]);
        assert_eq!(expression.between(from, from).count(), 0);
        assert_eq!(expression.between(to, from).count(), 0);
        assert_eq!(
            expression
                .between(from, to)
                .chain(expression.between(to, to + chrono::Duration::days(1)))
                .count(),
            289
        );
    }
}

#[test]
fn aws_counts_the_week_from_sunday_as_one() {
    let week = |cron: &str| aws(cron, "UTC", "2026-11-15T00:00:00Z", "2026-11-22T00:00:00Z");
    let paid = ["Tue 2026-11-17T09:30Z", "Fri 2026-11-20T09:30Z"];
    assert_eq!(week("cron(30 9 ? * TUE,FRI *)"), paid);
    assert_eq!(week("cron(30 9 ? * 3,6 *)"), paid);
    assert_eq!(week("cron(0 12 ? * SUN *)"), ["Sun 2026-11-15T12:00Z"]);
    assert_eq!(week("cron(0 12 ? * 7 2027)"), [""; 0]);
}

#[test]
fn last_days_and_nearest_weekdays_are_known() {
    let months = |cron: &str| aws(cron, "UTC", "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z");
    assert_eq!(months("cron(0 6 L * ? *)"), ["Sat 2026-01-31T06:00Z", "Sat 2026-02-28T06:00Z"]);
    assert_eq!(months("cron(0 6 31W * ? *)"), ["Fri 2026-01-30T06:00Z"]);
    assert_eq!(months("cron(0 6 ? * 2#1 *)"), ["Mon 2026-01-05T06:00Z", "Mon 2026-02-02T06:00Z"]);
}

#[test]
fn a_wall_clock_that_is_put_forward_skips_and_one_put_back_fires_once() {
    let berlin = |cron: &str, after: &str, until: &str| aws(cron, "Europe/Berlin", after, until);
    let spring = berlin("cron(30 2 * * ? *)", "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z");
    assert_eq!(spring, ["Sat 2026-03-28T01:30Z", "Mon 2026-03-30T00:30Z"]);
    let autumn = berlin("cron(30 2 * * ? *)", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
    assert_eq!(autumn, ["Sun 2026-10-25T00:30Z", "Mon 2026-10-26T01:30Z"]);
}

#[test]
fn vercels_five_fields_are_utc_and_count_the_week_from_sunday_as_zero() {
    let expression = Expression::parse_vercel("30 9 * * 2,5").unwrap();
    let times: Vec<_> = expression.between(at("2026-11-15T00:00:00Z"), at("2026-11-22T00:00:00Z")).collect();
    assert_eq!(times, [at("2026-11-17T09:30:00Z"), at("2026-11-20T09:30:00Z")]);
}

#[test]
fn the_same_times_in_other_words_are_the_same_schedule() {
    for (ours, theirs) in [
        ("rate(5 minutes)", "*/5 * * * *"),
        ("rate(1 day)", "0 0 * * *"),
        ("cron(30 9 ? * TUE,FRI *)", "30 9 * * 2,5"),
        ("cron(0 6 1 * ? *)", "0 6 1 * *"),
    ] {
        let schedules = read(&template(ours, "UTC"), &vercel(theirs)).unwrap();
        assert_eq!((schedules[0].job.as_str(), schedules.len()), ("payouts", 1));
        assert_eq!(schedules[0].path, "/api/cron/process-payouts");
    }
}

#[test]
fn schedules_that_differ_are_refused_with_the_first_time_that_does() {
    for (ours, zone, theirs, said) in [
        ("rate(5 minutes)", "UTC", "*/10 * * * *", "at 2026-01-01 00:05:00 UTC only template.yaml"),
        ("rate(1 hour)", "UTC", "*/30 * * * *", "at 2026-01-01 00:30:00 UTC only vercel.json"),
        ("cron(0 9 15 * ? *)", "UTC", "0 9 16 * *", "at 2026-01-15 09:00:00 UTC only template.yaml"),
        ("cron(0 9 * * ? *)", "Europe/Berlin", "0 8 * * *", "at 2026-07-01 07:00:00 UTC only template.yaml"),
        // The morning of a payout day, taken for one in UTC; and one that ends a day later there.
        (
            "cron(0/10 9-12 ? * TUE,FRI *)",
            "America/Bogota",
            "*/10 9-12 * * 2,5",
            "at 2026-01-02 09:00:00 UTC only vercel.json",
        ),
        (
            "cron(0 20 ? * TUE,FRI *)",
            "America/Bogota",
            "0 1 * * 2,5",
            "at 2026-01-02 01:00:00 UTC only vercel.json",
        ),
        ("cron(0 9 * * ? 2026)", "UTC", "0 9 * * 1", "at 2026-01-01 09:00:00 UTC only template.yaml"),
    ] {
        let error = read(&template(ours, zone), &vercel(theirs)).unwrap_err().to_string();
        assert!(error.contains("payouts") && error.contains(said), "{error}");
    }
}

#[test]
fn a_job_that_one_platform_does_not_know_is_refused() {
    let nothing = r#"{"routes": [], "crons": []}"#;
    let error = read(&template("rate(1 day)", "UTC"), nothing).unwrap_err().to_string();
    assert_eq!(error, "payouts has a schedule in template.yaml only");
    let error = read("Resources: {}", &vercel("0 0 * * *")).unwrap_err().to_string();
    assert_eq!(error, "payouts has a schedule in vercel.json only");
    let astray = r#"{"crons": [{"path": "/api/cron/x", "schedule": "0 0 * * *"}]}"#;
    let error = read("Resources: {}", astray).unwrap_err().to_string();
    assert_eq!(error, "vercel.json: the cron /api/cron/x leads to no function");
}

#[test]
fn what_a_platform_would_refuse_is_refused_here() {
    for (expression, zone) in [
        ("every(5 minutes)", "UTC"),
        ("rate(0 minutes)", "UTC"),
        ("rate(5 seconds)", "UTC"),
        ("rate(five minutes)", "UTC"),
        ("cron(0 9 * * ?)", "UTC"),
        ("cron(0 9 * * * *)", "UTC"),
        ("cron(0 9 ? * ? *)", "UTC"),
        ("cron(0 25 * * ? *)", "UTC"),
        ("cron(0 9 * * ? *)", "Mars/Olympus"),
    ] {
        assert!(Expression::parse_aws(expression, zone).is_err(), "{expression} {zone}");
    }
    for schedule in ["* * * *", "0 0 0 * * *", "60 * * * *", "0 9 1 * 1", "@daily"] {
        assert!(Expression::parse_vercel(schedule).is_err(), "{schedule}");
    }
    let no_job = template("rate(1 day)", "UTC").replace("\"job\"", "\"work\"");
    let error = read(&no_job, &vercel("0 0 * * *")).unwrap_err().to_string();
    assert_eq!(error, "template.yaml: Payouts.Schedule lacks an Input that names the job");
}
