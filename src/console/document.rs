//! The OpenAPI document, and from it who may call which route.
//!
//! Each operation says in `x-permission` who may: `public`, `session` for everybody who is logged
//! in, or a [`Permission`]. The guard lets through what stands in the table made of that, so a
//! route that says nothing is closed. `x-throttled` is true where failures make the next attempt
//! wait, or where the machine does few at once.

use crate::access::Permission;
use axum::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Everybody.
    Public,
    /// Everybody who is logged in, and API tokens.
    Session,
    /// Who has this permission.
    Permission(Permission),
}

impl Rule {
    fn named(name: &str) -> Option<Rule> {
        match name {
            "public" => Some(Rule::Public),
            "session" => Some(Rule::Session),
            name => Permission::named(name).map(Rule::Permission),
        }
    }
}

/// Every route's rule, by method and path as the router knows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules(BTreeMap<(String, String), Rule>);

impl Rules {
    /// The rule of a route; `None` where it has none, and nobody may.
    pub(super) fn of(&self, method: &Method, path: &str) -> Option<Rule> {
        // A HEAD is a GET without its body (RFC 9110, 9.3.2).
        let method = if method == Method::HEAD { "get" } else { method.as_str() };
        self.0.get(&(method.to_ascii_lowercase(), path.to_string())).copied()
    }
}

/// What a problem of each status means.
const PROBLEMS: [(&str, &str); 10] = [
    ("400", "The body is no JSON"),
    ("401", "Not logged in, or a session or token that ended"),
    ("403", "Role or token may not"),
    ("404", "There is nothing of that name or number, or not for who asks"),
    ("409", "What is there does not allow it"),
    ("412", "It was changed since it was read"),
    ("413", "The body is too large"),
    ("415", "The body is said to be something else than JSON"),
    ("422", "A value cannot be taken"),
    ("429", "Too many attempts; wait as long as Retry-After says"),
];

/// Completes the document that the routes' descriptions give: what every operation of its kind may
/// answer, and how who calls shows who it is.
pub(super) fn complete(mut document: Value) -> (Value, Rules) {
    let mut rules = Rules::default();
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let rule = operation["x-permission"].as_str().and_then(Rule::named);
            let Some(rule) = rule else { continue };
            rules.0.insert((method.clone(), path.clone()), rule);
            if rule != Rule::Public && method == "post" {
                idempotent(operation);
            }
            if rule != Rule::Public {
                operation["security"] = json!([{ "session": [] }, { "token": [] }]);
            }
            answers(operation, method, path, rule);
        }
    }
    let cookie = json!({ "type": "apiKey", "in": "cookie", "name": "__Host-spillway" });
    let token = json!({ "type": "http", "scheme": "bearer", "bearerFormat": "spw_..." });
    document["components"]["securitySchemes"] = json!({ "session": cookie, "token": token });
    (document, rules)
}

fn idempotent(operation: &mut Value) {
    if operation["parameters"].is_null() {
        operation["parameters"] = json!([]);
    }
    let schema = json!({ "type": "string", "minLength": 1, "maxLength": 128 });
    let description =
        "A name for this request, best a random UUID: sent again, it is not done again";
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header", "required": false,
            "description": description, "schema": schema }));
    }
}

fn answers(operation: &mut Value, method: &str, path: &str, rule: Rule) {
    let has_body = !operation["requestBody"].is_null();
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let takes = |place: &str| parameters.iter().any(|p| p["in"] == place);
    let conditional = parameters.iter().any(|p| p["name"] == "If-Match");
    let changes = method != "get";
    let throttled = operation["x-throttled"] == json!(true);
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, description) in PROBLEMS {
        let possible = match status {
            "400" | "413" | "415" => has_body,
            "401" => rule != Rule::Public,
            // Cross-site requests are refused, whoever sends them.
            "403" => rule != Rule::Public || changes,
            "404" => path.contains('{'),
            "409" => changes,
            "412" => conditional,
            "422" => has_body || takes("query") || takes("header"),
            "429" => throttled,
            _ => false,
        };
        if possible && !responses.contains_key(status) {
            responses.insert(status.into(), problem(description));
        }
    }
    for (status, description) in [
        ("500", "The server could not do it; its log says why"),
        ("503", "The database is away; wait as long as Retry-After says"),
    ] {
        responses.entry(status).or_insert_with(|| problem(description));
    }
}

fn problem(description: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    let content = json!({ "application/problem+json": { "schema": schema } });
    json!({ "description": description, "content": content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_closed() {
        let operation = |rule: &str| json!({ "x-permission": rule, "responses": {} });
        let (document, rules) = complete(json!({ "paths": {
            "/a": { "get": operation("public"), "post": operation("tickets:work") },
            "/b": { "get": { "responses": {} }, "put": operation("tickets:fly") },
            "/c/{n}": { "get": operation("session") },
        }}));
        let check = |method: Method, path: &str, want: Option<Rule>| {
            assert_eq!(rules.of(&method, path), want, "{method} {path}");
        };
        check(Method::GET, "/a", Some(Rule::Public));
        check(Method::HEAD, "/a", Some(Rule::Public));
        check(Method::POST, "/a", Some(Rule::Permission(Permission::WorkTickets)));
        check(Method::DELETE, "/a", None);
        check(Method::GET, "/b", None);
        check(Method::PUT, "/b", None);
        check(Method::GET, "/c/{n}", Some(Rule::Session));
        check(Method::GET, "/c/7", None);
        let answers = &document["paths"]["/c/{n}"]["get"]["responses"];
        assert!(answers["401"].is_object() && answers["404"].is_object(), "{answers}");
        assert!(document["paths"]["/a"]["get"]["responses"]["401"].is_null());
    }
}
