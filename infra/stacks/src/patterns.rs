//! Converts the routes to path patterns of CloudFront; the first match wins.

use std::collections::{BTreeMap, BTreeSet};

/// A pattern and the function behind it.
pub type Pattern = (String, &'static str);

/// A path segment with everything below it.
#[derive(Default)]
struct Node {
    /// The function whose route ends here.
    own: Option<&'static str>,
    /// The following segments in alphabetical order; `*` is a parameter.
    below: BTreeMap<String, Node>,
}

/// The smallest list of patterns that routes every path to its function. A `*` of CloudFront also matches
/// slashes, so literal segments come before it, and longer patterns before shorter ones.
pub fn patterns(routes: impl Iterator<Item = (&'static str, &'static str)>) -> Vec<Pattern> {
    let mut root = Node::default();
    for (path, function) in routes {
        let mut node = &mut root;
        for segment in path.split('/').skip(1) {
            let segment = if segment.starts_with('{') { "*" } else { segment };
            node = node.below.entry(segment.to_owned()).or_default();
        }
        node.own = Some(function);
    }
    root.patterns("")
}

impl Node {
    fn functions(&self) -> BTreeSet<&'static str> {
        self.own.into_iter().chain(self.below.values().flat_map(Self::functions)).collect()
    }

    fn patterns(&self, path: &str) -> Vec<Pattern> {
        let mut found = Vec::new();
        match self.functions().first() {
            Some(function) if self.functions().len() == 1 && !self.below.is_empty() => {
                found.push((format!("{path}/*"), *function));
            }
            _ => {
                let (literal, any): (Vec<_>, Vec<_>) = self.below.iter().partition(|(part, _)| *part != "*");
                for (part, node) in literal.into_iter().chain(any) {
                    found.extend(node.patterns(&format!("{path}/{part}")));
                }
            }
        }
        found.extend(self.own.map(|function| (path.to_owned(), function)));
        found
    }
}

#[cfg(test)]
mod tests {
    use shared::auth::routes::ROUTES;

    use super::*;

    /// Matches like CloudFront: `*` is any number of characters, also slashes.
    fn matches(pattern: &str, path: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == path,
            Some((start, rest)) => path.strip_prefix(start).is_some_and(|path| {
                (0..=path.len()).any(|skipped| path.get(skipped..).is_some_and(|path| matches(rest, path)))
            }),
        }
    }

    #[test]
    fn every_route_is_led_to_its_function() {
        let patterns = patterns(ROUTES.iter().map(|route| (route.path, route.function)));
        for route in ROUTES {
            let path = route.path.replace(['{', '}'], "");
            let first = patterns.iter().find(|(pattern, _)| matches(pattern, &path));
            assert_eq!(first.map(|(_, function)| *function), Some(route.function), "{path}");
        }
        let distinct: BTreeSet<_> = patterns.iter().map(|(pattern, _)| pattern).collect();
        assert_eq!(distinct.len(), patterns.len());
    }

    #[test]
    fn a_function_has_as_few_patterns_as_possible_and_parameters_come_last() {
        let routes = [
            ("/api/cases/{id}", "cases"),
            ("/api/cases/{id}/nudge", "nudge"),
            ("/api/cases/export", "export"),
            ("/api/bookings", "bookings"),
            ("/api/bookings/{id}/accept", "bookings"),
        ];
        let patterns = patterns(routes.into_iter());
        let names: Vec<_> = patterns.iter().map(|(pattern, _)| pattern.as_str()).collect();
        assert_eq!(
            names,
            ["/api/bookings/*", "/api/bookings", "/api/cases/export", "/api/cases/*/nudge", "/api/cases/*"]
        );
    }
}
