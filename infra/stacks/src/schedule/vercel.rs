//! The schedules in `vercel.json`: its crons, each with the function that its path leads to.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::json::read_trusted;

use super::{Expression, ScheduleError, VERCEL};

/// The configuration of one function at Vercel.
pub(super) struct Cron {
    pub(super) path: String,
    pub(super) expression: Expression,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(default)]
    crons: Vec<CronEntry>,
}

#[derive(Deserialize)]
struct Route {
    src: String,
    dest: Option<String>,
}

#[derive(Deserialize)]
struct CronEntry {
    path: String,
    schedule: String,
}

/// Every cron, by the function it starts.
pub(super) fn read(vercel: &str) -> Result<BTreeMap<String, Cron>, ScheduleError> {
    let config: Config = read_trusted(vercel.as_bytes()).map_err(ScheduleError::Vercel)?;
    let mut found = BTreeMap::new();
    for CronEntry { path, schedule } in config.crons {
        let incomplete =
            |what: &str| ScheduleError::Incomplete { file: VERCEL, what: format!("the cron {path} {what}") };
        let function = function(&config.routes, &path).ok_or_else(|| incomplete("leads to no function"))?;
        let expression = Expression::parse_vercel(&schedule).map_err(|source| ScheduleError::Expression {
            file: VERCEL,
            function: function.clone(),
            source,
        })?;
        if found.contains_key(&function) {
            return Err(incomplete("is the second one of its function: one function, one schedule"));
        }
        found.insert(function, Cron { path, expression });
    }
    Ok(found)
}

/// A cron's path has no parameters, so the route that takes it is spelled the same.
fn function(routes: &[Route], path: &str) -> Option<String> {
    let route = routes.iter().find(|route| route.src == path)?;
    let folder = route.dest.as_deref()?.strip_prefix("/functions/")?.strip_suffix("/src/main.rs")?;
    let (_product, function) = folder.split_once('/')?;
    Some(function.to_owned())
}
