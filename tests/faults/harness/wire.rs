//! Parses and changes the writes in a request to the table.

use serde_json::{Value, json};

/// The writes of a transaction, or the single write of a request.
pub fn writes<'a>(operation: &str, body: &'a mut Value) -> Vec<Write<'a>> {
    match operation {
        "UpdateItem" | "PutItem" => vec![Write(body)],
        "TransactWriteItems" => {
            let parts = body["TransactItems"].as_array_mut().into_iter().flatten();
            parts.filter_map(Value::as_object_mut).flat_map(|part| part.values_mut()).map(Write).collect()
        }
        _ => Vec::new(),
    }
}

pub struct Write<'a>(&'a mut Value);

/// The expressions with placeholders.
const EXPRESSIONS: [&str; 2] = ["UpdateExpression", "ConditionExpression"];

impl Write<'_> {
    /// The text before the first `#` of the row's key.
    pub fn kind(&self) -> &str {
        let key = ["Key", "Item"].iter().find_map(|row| self.0[row]["pk"]["S"].as_str());
        key.unwrap_or_default().split('#').next().unwrap_or_default()
    }

    /// The text that an attribute is set to; empty if it is not set.
    pub fn text(&self, name: &str) -> &str {
        let placed = self.assignments().find(|(to, _)| *to == name);
        let placed = placed.map(|(_, value)| &self.0["ExpressionAttributeValues"][value]["S"]);
        placed.or(Some(&self.0["Item"][name]["S"])).and_then(Value::as_str).unwrap_or_default()
    }

    /// Removes the conditions for which `is_left_out` returns true.
    pub fn leave_out(&mut self, is_left_out: impl Fn(&str) -> bool) -> bool {
        let kept: Vec<String> =
            self.terms().filter(|term| !is_left_out(&self.named(term))).map(str::to_owned).collect();
        let changes = kept.len() < self.terms().count();
        if kept.is_empty() {
            self.remove("ConditionExpression");
        } else {
            self.0["ConditionExpression"] = json!(kept.join(" AND "));
        }
        self.forget_placeholders();
        changes
    }

    /// Removes the assignment of an attribute.
    pub fn leave_unset(&mut self, name: &str) -> bool {
        if let Some(item) = self.0["Item"].as_object_mut() {
            return item.remove(name).is_some();
        }
        let Some(expression) = self.0["UpdateExpression"].as_str() else { return false };
        let Some(rest) = expression.strip_prefix("SET ") else { return false };
        let end = [" REMOVE ", " ADD "].iter().filter_map(|verb| rest.find(verb)).min().unwrap_or(rest.len());
        let sets = |term: &&str| self.names(term.split(" = ").next().unwrap_or_default()) == name;
        let all: Vec<&str> = rest[..end].split(", #").collect();
        let all: Vec<String> = all.iter().map(|term| format!("#{}", term.trim_start_matches('#'))).collect();
        let kept: Vec<&str> = all.iter().map(String::as_str).filter(|term| !sets(term)).collect();
        let changes = kept.len() < all.len();
        self.0["UpdateExpression"] = json!(format!("SET {}{}", kept.join(", "), &rest[end..]));
        self.forget_placeholders();
        changes
    }

    /// Sets an attribute to the value that its condition demands.
    pub fn leave_as_it_is(&mut self, name: &str) -> bool {
        let demanded = self.terms().find_map(|term| {
            let (demanded, value) = term.split_once(" = ")?;
            (self.names(demanded) == name).then(|| value.to_owned())
        });
        let set = self.assignments().find(|(to, _)| *to == name).map(|(_, value)| value.to_owned());
        let (Some(demanded), Some(set)) = (demanded, set) else { return false };
        self.0["ExpressionAttributeValues"][set] = self.0["ExpressionAttributeValues"][demanded].clone();
        true
    }

    fn terms(&self) -> impl Iterator<Item = &str> {
        let condition = self.0["ConditionExpression"].as_str().unwrap_or_default();
        condition.split(" AND ").filter(|term| !term.is_empty())
    }

    /// A condition's term with the attribute's name and without the value.
    fn named(&self, term: &str) -> String {
        let placeholder = term.trim_end_matches(')').split('(').next_back().unwrap_or_default();
        let placeholder = placeholder.split(" = ").next().unwrap_or_default();
        let name = self.names(placeholder);
        match term.split_once('(') {
            Some((function, _)) => format!("{function}({name})"),
            None => name.to_owned(),
        }
    }

    fn names(&self, placeholder: &str) -> &str {
        self.0["ExpressionAttributeNames"][placeholder].as_str().unwrap_or_default()
    }

    /// The assignments of an update with the placeholders of values.
    fn assignments(&self) -> impl Iterator<Item = (&str, &str)> {
        let expression = self.0["UpdateExpression"].as_str().unwrap_or_default();
        let words: Vec<&str> = expression.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let assigned: Vec<(&str, &str)> = words
            .windows(3)
            .filter(|words| words[1] == "=" && words[2].starts_with(':'))
            .map(|words| (words[0], words[2]))
            .collect();
        assigned.into_iter().map(|(placeholder, value)| (self.names(placeholder), value))
    }

    /// Removes unused placeholders, which DynamoDB refuses.
    fn forget_placeholders(&mut self) {
        let used: Vec<String> = EXPRESSIONS
            .iter()
            .filter_map(|name| self.0[name].as_str())
            .flat_map(|text| text.split([' ', ',', '(', ')']).map(str::to_owned))
            .collect();
        for table in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
            let Some(placeholders) = self.0[table].as_object_mut() else { continue };
            placeholders.retain(|placeholder, _| used.contains(placeholder));
            if placeholders.is_empty() {
                self.remove(table);
            }
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(fields) = self.0.as_object_mut() {
            fields.remove(name);
        }
    }
}
