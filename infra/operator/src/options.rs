//! Parses the object, the flags and the key.

use lexopt::prelude::{Long, Short, Value, ValueExt as _};

pub const HELP: &str = "\
What happened to an object: what, who, when and why, oldest first.

cargo history KIND ID

KIND is booking, case, membership, payment, professional, batch, event, finding, account, job, switch
or company.

  --url URL         the API, or the URL of the function `operations` (http://127.0.0.1:3000)
  --company ID      act in this company, biz_…, instead of the platform's
  --from TIME       only what happened then or later, such as 2025-11-18T14:00:00Z
  --most N          print at most so many entries (1000)
  --json            print each entry as one line of JSON

The key is read from ON_CALL_KEY, never from an argument, which the shell's history would keep.
";

/// The local server of `cargo dev`.
const LOCAL: &str = "http://127.0.0.1:3000";

const MOST: usize = 1_000;

pub struct Options {
    pub kind: String,
    pub id: String,
    pub url: String,
    pub company: Option<String>,
    pub from: Option<String>,
    /// The most entries that are read.
    pub most: usize,
    pub json: bool,
    pub key: String,
}

impl Options {
    /// Parses arguments and environment; `None` if help is requested.
    pub fn read(
        mut arguments: lexopt::Parser,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        let said = |error: lexopt::Error| error.to_string();
        let mut words = Vec::new();
        let (mut url, mut company, mut from, mut most, mut json) =
            (LOCAL.to_owned(), None, None, MOST, false);
        while let Some(argument) = arguments.next().map_err(said)? {
            let text = |arguments: &mut lexopt::Parser| {
                arguments.value().and_then(|value| value.string()).map_err(said)
            };
            match argument {
                Value(word) if words.len() < 2 => words.push(word.string().map_err(said)?),
                Long("help") | Short('h') => return Ok(None),
                Long("url") => url = text(&mut arguments)?,
                Long("company") => company = Some(text(&mut arguments)?),
                Long("from") => from = Some(text(&mut arguments)?),
                Long("most") => {
                    most = arguments.value().and_then(|value| value.parse()).map_err(said)?;
                }
                Long("json") => json = true,
                other => return Err(other.unexpected().to_string()),
            }
        }
        let mut words = words.into_iter();
        let Some(kind) = words.next() else { return Ok(None) };
        let id = words.next().ok_or_else(|| format!("which {kind}? Give its ID"))?;
        let key = variable("ON_CALL_KEY").map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
        let key = key.ok_or("ON_CALL_KEY is not set: your key of the list ON_CALL_KEYS, without its name")?;
        Ok(Some(Self { kind, id, url, company, from, most, json, key }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], key: Option<&str>) -> Result<Option<Options>, String> {
        let parser = lexopt::Parser::from_args(arguments.iter().copied());
        Options::read(parser, |name| key.filter(|_| name == "ON_CALL_KEY").map(str::to_owned))
    }

    #[test]
    fn an_object_and_flags_are_read_in_any_order() {
        let options = read(&["--json", "booking", "--url", "https://api.example", "b-1"], Some(" k \n"));
        let options = options.unwrap().unwrap();
        assert_eq!((&*options.kind, &*options.id, &*options.key), ("booking", "b-1", "k"));
        assert_eq!((&*options.url, options.json, options.most), ("https://api.example", true, MOST));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(read(&["booking"], Some("k")).err().unwrap().contains("which booking"));
        assert!(read(&["booking", "b-1"], None).err().unwrap().contains("ON_CALL_KEY"));
        assert!(read(&["booking", "b-1", "b-2"], Some("k")).is_err());
        assert!(read(&["booking", "b-1", "--key", "k"], None).is_err(), "a key is never an argument");
        assert!(read(&[], None).unwrap().is_none() && read(&["--help"], None).unwrap().is_none());
    }
}
