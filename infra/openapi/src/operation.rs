//! An operation as its function's file describes it: everything that the views and the table of routes do not
//! contain.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

/// A function and its operations.
pub struct Function {
    /// The name of the function, as in the table of routes.
    pub name: &'static str,
    /// What the function is for.
    pub about: &'static str,
    /// The response while a dependency is down: a name from `problems.rs`.
    pub unavailable: Option<&'static str>,
    pub operations: Vec<Operation>,
}

/// An operation: one method of one path.
#[derive(Clone)]
pub struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) summary: String,
    pub(crate) about: String,
    pub(crate) twice: Cow<'static, str>,
    pub(crate) parameters: Vec<&'static str>,
    pub(crate) body: Option<Body>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) failures: Vec<&'static str>,
}

#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) description: Option<&'static str>,
    pub(crate) is_required: bool,
    pub(crate) schema: MakeSchema,
    pub(crate) examples: Examples,
}

/// The response of a successful request.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) schema: MakeSchema,
    /// Restrictions on some fields of the schema that hold for this status.
    pub(crate) narrowed: Option<Value>,
    pub(crate) examples: Examples,
}

pub(crate) type MakeSchema = fn(&mut SchemaGenerator) -> Schema;

/// Examples, each with its name and summary. A single example has neither.
pub(crate) type Examples = Vec<(&'static str, &'static str, Value)>;

/// A GET operation of this path.
pub fn get(path: &'static str, id: &'static str) -> Operation {
    operation("GET", path, id)
}

/// A POST operation of this path.
pub fn post(path: &'static str, id: &'static str) -> Operation {
    operation("POST", path, id)
}

/// A PUT operation of this path.
pub fn put(path: &'static str, id: &'static str) -> Operation {
    operation("PUT", path, id)
}

/// An operation with any method.
pub fn operation(method: &'static str, path: &'static str, id: &'static str) -> Operation {
    let (summary, about, twice) =
        (String::new(), String::new(), "The request only reads and can be repeated.".into());
    let (parameters, answers, failures) = (Vec::new(), Vec::new(), Vec::new());
    Operation { method, path, id, summary, about, twice, parameters, body: None, answers, failures }
}

/// The parameters by which a person names a run that was missed.
const PLANNED_TIME: [&str; 3] = ["ScheduledAt", "WindowFrom", "WindowUntil"];

/// The two operations that run a job: GET for Vercel Cron, and POST for an operator.
pub fn job(
    path: &'static str,
    ids: [&'static str; 2],
    does: &str,
    about: &str,
    twice: &'static str,
) -> [Operation; 2] {
    [
        get(path, ids[0])
            .summary(&format!("Schedule: {does}"))
            .about(&format!("For Vercel Cron, which sends GET requests. {about}"))
            .parameters(&PLANNED_TIME)
            .twice(twice),
        post(path, ids[1])
            .summary(&format!("Operator: {does}"))
            .about(&format!(
                "The same with POST, such as for a run that was missed, which is audited. A request body is \
                 ignored. {about}"
            ))
            .parameters(&PLANNED_TIME)
            .twice(twice),
    ]
}

impl Operation {
    /// Who calls the operation, and what it does.
    pub fn summary(mut self, summary: &str) -> Self {
        summary.clone_into(&mut self.summary);
        self
    }

    pub fn about(mut self, about: &str) -> Self {
        about.clone_into(&mut self.about);
        self
    }

    /// What happens if the request is sent twice.
    pub fn twice(mut self, twice: impl Into<Cow<'static, str>>) -> Self {
        self.twice = twice.into();
        self
    }

    /// Query parameters and headers, by their names in `parameters.rs`. Path parameters follow from the path.
    pub fn parameters(mut self, names: &[&'static str]) -> Self {
        self.parameters.extend(names);
        self
    }

    /// The request body with its example.
    pub fn body<T: JsonSchema>(self, example: Value) -> Self {
        self.bodies::<T>([("", "", example)])
    }

    /// The request body with several examples.
    pub fn bodies<T: JsonSchema>(mut self, examples: impl Into<Examples>) -> Self {
        let schema = SchemaGenerator::subschema_for::<T>;
        self.body = Some(Body { description: None, is_required: true, schema, examples: examples.into() });
        self
    }

    /// Makes the request body optional.
    pub fn optional(mut self) -> Self {
        self.body.iter_mut().for_each(|body| body.is_required = false);
        self
    }

    /// How the request body is read.
    pub fn read_as(mut self, description: &'static str) -> Self {
        self.body.iter_mut().for_each(|body| body.description = Some(description));
        self
    }

    pub fn answer<T: JsonSchema>(self, status: u16, description: &'static str, example: Value) -> Self {
        self.answers::<T>(status, description, [("", "", example)])
    }

    /// A successful response with several examples.
    pub fn answers<T: JsonSchema>(
        mut self,
        status: u16,
        description: &'static str,
        examples: impl Into<Examples>,
    ) -> Self {
        let (schema, examples) = (SchemaGenerator::subschema_for::<T> as MakeSchema, examples.into());
        let (media_type, headers, narrowed) = ("application/json", Vec::new(), None);
        self.answers.push(Answer { status, description, media_type, headers, schema, narrowed, examples });
        self
    }

    /// Sets the media type of the last response.
    pub fn sent_as(self, media_type: &'static str) -> Self {
        self.change_answer(|answer| answer.media_type = media_type)
    }

    /// Adds a header to the last response, by its name in `headers.rs`.
    pub fn with_header(self, header: &'static str, named: &'static str) -> Self {
        self.change_answer(|answer| answer.headers.push((header, named)))
    }

    /// Restricts some fields of the last response.
    pub fn narrowed(self, properties: Value) -> Self {
        self.change_answer(|answer| answer.narrowed = Some(properties))
    }

    /// Errors that do not follow from the route, or that replace one that does: names from `problems.rs`.
    pub fn fails(mut self, names: &[&'static str]) -> Self {
        self.failures.extend(names);
        self
    }

    fn change_answer(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            change(answer);
        }
        self
    }
}

/// An example with some fields changed.
pub(crate) fn with(mut example: Value, changes: Value) -> Value {
    if let (Some(fields), Value::Object(changes)) = (example.as_object_mut(), changes) {
        fields.extend(changes);
    }
    example
}

/// A media type with its schema and examples.
pub(crate) fn content(media_type: &str, schema: Value, examples: &Examples) -> Value {
    let mut content = json!({"schema": schema});
    match examples.as_slice() {
        [("", _, only)] => content["example"] = only.clone(),
        several => {
            for (name, summary, value) in several {
                content["examples"][*name] = json!({"summary": summary, "value": value});
            }
        }
    }
    json!({media_type: content})
}
