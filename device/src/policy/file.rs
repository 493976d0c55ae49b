//! Reading a policy from TOML (docs/device-api.md §2). Strict: what is not understood, or could never
//! have an effect, is an error that names its line; a policy is not guessed at.

use std::ops::Range;
use std::str::FromStr;

use http::Method;
use serde::Deserialize;
use toml::Spanned;

use super::path::{PathError, RequestPath, fold};
use super::{Action, Policy, Rule};
use crate::role::{Role, RoleError};

const WEBSOCKET: &str = "WEBSOCKET";

/// Why a text is no policy, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct PolicyError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: PolicyFault,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyFault {
    /// It is no TOML, or has a key that no policy has.
    #[error("{0}")]
    Syntax(String),
    /// Nothing is said of the rest.
    #[error(
        "say who may make the requests that no rule names: otherwise = \"admin\" shuts everybody \
         else out, otherwise = \"guest\" lets every paired client in"
    )]
    NoOtherwise,
    /// A malformed name of a role.
    #[error("`{role}` is no role: {source}")]
    BadRole {
        /// What was given.
        role: String,
        /// Why not.
        source: RoleError,
    },
    /// A role that `roles` does not list.
    #[error("the role `{0}` is unknown: write it into `roles`, or name one of those")]
    UnknownRole(Role),
    /// A role that is listed twice, or is there anyway.
    #[error("the role `{0}` is there already: take it out of `roles`")]
    RoleTwice(Role),
    /// A path that is none, or is written in a way that requests are not judged by.
    #[error(
        "the path `{path}` is not in its plain form{}: write it as /a/b, decoded or not, without \
         dots, parameters, empty segments or a slash at its end",
        .source.map(|source| format!(" ({source})")).unwrap_or_default()
    )]
    Path {
        /// What was given.
        path: String,
        /// What is wrong with it, when it is no path at all.
        source: Option<PathError>,
    },
    /// A method that is none.
    #[error("`{0}` is no method: write methods in capital letters, or WEBSOCKET")]
    Method(String),
    /// A rule for no method.
    #[error("`methods` is empty: name some, or leave it out to mean all")]
    NoMethods,
    /// A rule that those before it leave nothing to.
    #[error("this rule for `{0}` never decides, since rules before it do: put it before them")]
    Shadowed(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    roles: Vec<Spanned<String>>,
    otherwise: Option<Spanned<String>>,
    #[serde(default, rename = "rule")]
    rules: Vec<WrittenRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    path: Spanned<String>,
    #[serde(default)]
    exact: bool,
    methods: Option<Spanned<Vec<Spanned<String>>>>,
    role: Spanned<String>,
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        read(text).map_err(|(at, fault)| {
            let before = text.get(..at.start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            PolicyError { line, fault }
        })
    }
}

type At = (Range<usize>, PolicyFault);

fn read(text: &str) -> Result<Policy, At> {
    let file: File = toml::from_str(text).map_err(|error| {
        let message = error.message().trim().to_owned();
        (error.span().unwrap_or(0..0), PolicyFault::Syntax(message))
    })?;
    let mut policy = Policy::default();
    for written in &file.roles {
        let role = role(written)?;
        if policy.knows(&role) {
            return Err((written.span(), PolicyFault::RoleTwice(role)));
        }
        policy.roles.push(role);
    }
    let otherwise = file.otherwise.as_ref();
    let otherwise = otherwise.ok_or((0..0, PolicyFault::NoOtherwise))?;
    policy.otherwise = known(&policy, otherwise)?;
    for written in &file.rules {
        let rule = rule(&policy, written)?;
        if is_shadowed(&rule, &policy.rules) {
            let path = written.path.get_ref().clone();
            return Err((written.path.span(), PolicyFault::Shadowed(path)));
        }
        policy.rules.push(rule);
    }
    Ok(policy)
}

fn role(written: &Spanned<String>) -> Result<Role, At> {
    let word = written.get_ref();
    word.parse().map_err(|source| {
        let role = word.clone();
        (written.span(), PolicyFault::BadRole { role, source })
    })
}

fn known(policy: &Policy, written: &Spanned<String>) -> Result<Role, At> {
    let role = role(written)?;
    match policy.knows(&role) {
        true => Ok(role),
        false => Err((written.span(), PolicyFault::UnknownRole(role))),
    }
}

fn rule(policy: &Policy, written: &WrittenRule) -> Result<Rule, At> {
    let no_path = |source| {
        let path = written.path.get_ref().clone();
        (written.path.span(), PolicyFault::Path { path, source })
    };
    let path = RequestPath::parse(written.path.get_ref())
        .map_err(|error| no_path(Some(error)))?
        .plain()
        .ok_or_else(|| no_path(None))?;
    let actions = written.methods.as_ref().map(actions).transpose()?;
    Ok(Rule {
        folded: path.iter().map(|segment| fold(segment)).collect(),
        path,
        exact: written.exact,
        actions,
        role: known(policy, &written.role)?,
    })
}

fn actions(written: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<Action>, At> {
    if written.get_ref().is_empty() {
        return Err((written.span(), PolicyFault::NoMethods));
    }
    let mut actions = Vec::new();
    for method in written.get_ref() {
        let action = action(method.get_ref());
        let bad = || {
            let method = method.get_ref().clone();
            (method_span(written, &method), PolicyFault::Method(method))
        };
        let action = action.ok_or_else(bad)?;
        // RFC 9110 §9.3.2: HEAD tells nothing that GET does not.
        if action == Action::Method(Method::GET) {
            actions.push(Action::Method(Method::HEAD));
        }
        actions.push(action);
    }
    Ok(actions)
}

fn method_span(written: &Spanned<Vec<Spanned<String>>>, method: &str) -> Range<usize> {
    let mut methods = written.get_ref().iter();
    methods
        .find(|written| written.get_ref() == method)
        .map_or_else(|| written.span(), Spanned::span)
}

fn action(word: &str) -> Option<Action> {
    if word == WEBSOCKET {
        return Some(Action::WebSocket);
    }
    let is_capital = |letter: char| letter.is_ascii_uppercase() || letter == '-';
    let method = Method::from_bytes(word.as_bytes()).ok()?;
    (word.chars().all(is_capital) && method != Method::CONNECT).then_some(Action::Method(method))
}

/// Whether the rules before it take every request that it is for.
fn is_shadowed(rule: &Rule, before: &[Rule]) -> bool {
    let covering = before.iter().filter(|earlier| match earlier.exact {
        true => rule.exact && earlier.path == rule.path,
        false => rule.path.starts_with(&earlier.path),
    });
    let mut taken = Vec::new();
    for earlier in covering {
        match &earlier.actions {
            None => return true,
            Some(actions) => taken.extend(actions),
        }
    }
    let actions = rule.actions.as_ref();
    actions.is_some_and(|actions| actions.iter().all(|action| taken.contains(&action)))
}
