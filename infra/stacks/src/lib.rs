//! The deployment as files: `template.yaml`, `vercel.json`, and the stacks that are generated from the
//! template and the routes. Twenty-seven alarms of a few shapes are a list; CloudFormation's own loops are macros
//! that no tool can expand before they are deployed.

mod alarms;
pub mod cloudformation;
mod cloudfront;
pub mod conditions;
mod dashboard;
mod functions;
pub mod parameters;
mod patterns;
pub mod policies;
pub mod repository;
pub mod schedule;
mod vercel;

/// The stacks of a template: their paths from the root of the repository, and their contents.
pub fn files(template: &str) -> Result<[(&'static str, String); 3], String> {
    let functions = functions::read(template)?;
    let alarms = ("infra/alarms.yaml", alarms::stack());
    let cloudfront = ("infra/cloudfront.yaml", cloudfront::stack(&functions));
    Ok([alarms, cloudfront, ("infra/vercel.yaml", vercel::stack(template)?)])
}
