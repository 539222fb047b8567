//! The parameters of the command: a function and its first route.

/// A function and its first route.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub product: String,
    pub name: String,
    pub method: String,
    pub path: String,
    /// A value of `Access`, such as `OWNER`.
    pub access: String,
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl Function {
    /// Parses the arguments; an error names the wrong one.
    pub fn parse(folder: &str, method: &str, path: &str, access: &str) -> Result<Self, String> {
        let (product, name) =
            folder.split_once('/').ok_or_else(|| format!("{folder}: expected PRODUCT/NAME"))?;
        for part in [product, name] {
            let is_kebab = part.split('-').all(|word| {
                word.starts_with(|first: char| first.is_ascii_lowercase())
                    && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            });
            if !is_kebab {
                return Err(format!("{part}: expected lower-case words with hyphens between them"));
            }
        }
        if !METHODS.contains(&method) {
            return Err(format!("{method}: expected one of {}", METHODS.join(", ")));
        }
        let is_path_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_{}".contains(&byte);
        if !path.starts_with("/api/") || path.ends_with('/') || !path.bytes().all(is_path_byte) {
            return Err(format!("{path}: expected a path below /api/, its parameters in braces"));
        }
        if access.is_empty() || !access.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(format!("{access}: expected a value of Access, such as OWNER"));
        }
        let [product, name, method, path, access] = [product, name, method, path, access].map(str::to_owned);
        Ok(Self { product, name, method, path, access })
    }

    /// An existing function, from its row in the table of routes.
    pub fn find(folder: &str, routes: &str) -> Result<Self, String> {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        let begin = format!("    route(\"{name}\", ");
        let mut rows = routes.lines().filter_map(|line| line.strip_prefix(&begin));
        let row = rows.next().ok_or_else(|| format!("{name} has no row in the table of routes"))?;
        if rows.next().is_some() {
            return Err(format!("{name} has more than one route: take the others out first"));
        }
        let row = row.strip_suffix("),").ok_or_else(|| format!("the row of {name} was changed: {row}"))?;
        let parts: Vec<&str> = row.split(", ").collect();
        let [method, path, access] = parts[..] else { return Err(format!("the row of {name}: {row}")) };
        Self::parse(
            folder,
            method.trim_matches('"'),
            path.trim_matches('"'),
            access.trim_start_matches("Access::"),
        )
    }

    /// The folder, relative to the root of the repository.
    pub fn folder(&self) -> String {
        format!("functions/{}/{}", self.product, self.name)
    }

    /// The module name: `case_endings`.
    pub fn module(&self) -> String {
        self.name.replace('-', "_")
    }

    /// The resource name in the template: `CaseEndings`.
    pub fn resource(&self) -> String {
        let words = self.name.split('-');
        words.map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..])).collect()
    }

    /// The parameters of the path in their order.
    pub fn parameters(&self) -> Vec<&str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_that_is_wrong_is_named() {
        for (arguments, named) in [
            (["directory", "GET", "/api/x", "OWNER"], "PRODUCT/NAME"),
            (["marketplace/Directory", "GET", "/api/x", "OWNER"], "Directory"),
            (["marketplace/a--b", "GET", "/api/x", "OWNER"], "a--b"),
            (["marketplace/x", "get", "/api/x", "OWNER"], "get"),
            (["marketplace/x", "GET", "/x", "OWNER"], "/x"),
            (["marketplace/x", "GET", "/api/x/", "OWNER"], "/api/x/"),
            (["marketplace/x", "GET", "/api/x y", "OWNER"], "/api/x y"),
            (["marketplace/x", "GET", "/api/x", "Access::OWNER"], "Access::OWNER"),
        ] {
            let [folder, method, path, access] = arguments;
            let error = Function::parse(folder, method, path, access).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_name_is_a_module_and_a_resource() {
        let function =
            Function::parse("recovery/case-endings", "GET", "/api/a/{a_id}/b/{b_id}", "OWNER").unwrap();
        assert_eq!((&*function.module(), &*function.resource()), ("case_endings", "CaseEndings"));
        assert_eq!(function.parameters(), ["a_id", "b_id"]);
    }
}
