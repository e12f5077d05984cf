//! A Rust file as tokens: its paths, its functions. Comments and strings are not looked at.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One path as written (`std::fs::read`, `unsafe`, `x`), with `use` groups spelled out.
#[derive(Debug, PartialEq)]
pub struct CodePath {
    /// Its parts; `super` at the front is resolved to the module it means.
    pub parts: Vec<String>,
    /// From 1.
    pub line: usize,
}

impl CodePath {
    /// True when it begins with `prefix`, for example `std::fs`.
    pub fn begins(&self, prefix: &str) -> bool {
        prefix.split("::").enumerate().all(|(i, p)| self.parts.get(i).is_some_and(|q| q == p))
    }

    /// True when `name` is one of its parts.
    pub fn names(&self, name: &str) -> bool {
        self.parts.iter().any(|p| p == name)
    }
}

/// One function with a body.
#[derive(Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of `fn`, from 1.
    pub line: usize,
    /// Lines from `fn` to its closing brace; those inside a string are data and not counted.
    pub lines: usize,
}

/// What a file is made of, as far as the rules look at it.
#[derive(Debug, Default)]
pub struct Code {
    /// Every path outside `#[cfg(test)]`.
    pub paths: Vec<CodePath>,
    /// Every path inside `#[cfg(test)]`.
    pub test_paths: Vec<CodePath>,
    /// Every function, tests too.
    pub functions: Vec<Function>,
}

/// Reads `text`, which is the module `module` (its names below the crate, outermost first).
pub fn read(text: &str, module: &[String]) -> Code {
    let stream: TokenStream = text.parse().expect("a file that compiles has tokens");
    let mut reader = Reader { code: Code::default(), module: module.to_vec(), testing: false };
    reader.walk(stream, &[]);
    reader.code
}

struct Reader {
    code: Code,
    module: Vec<String>,
    testing: bool,
}

impl Reader {
    /// Walks one token stream; `prefix` is the path a `use` group stands behind.
    fn walk(&mut self, stream: TokenStream, prefix: &[String]) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        let mut test_item = false;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(ident) => {
                    let (path, line, next) = path_at(&tokens, at);
                    if ident == "fn" {
                        self.function(&tokens, at);
                    }
                    let inner = (ident == "mod").then(|| inline_module(&tokens, at)).flatten();
                    if let Some((name, body)) = inner {
                        let outside = self.testing;
                        self.testing |= test_item;
                        self.module.push(name);
                        self.walk(body, &[]);
                        self.module.pop();
                        self.testing = outside;
                        (at, test_item) = (at + 3, false);
                        continue;
                    }
                    at = self.path(&tokens, [prefix, &path].concat(), line, next, test_item);
                }
                TokenTree::Group(group) => {
                    test_item |= group.delimiter() == Delimiter::Bracket
                        && group.stream().to_string().replace(' ', "") == "cfg(test)";
                    let outside = self.testing;
                    self.testing |= test_item;
                    self.walk(group.stream(), prefix);
                    self.testing = outside;
                    test_item &= group.delimiter() != Delimiter::Brace;
                    at += 1;
                }
                TokenTree::Punct(punct) => {
                    test_item &= punct.as_char() != ';';
                    at += 1;
                }
                TokenTree::Literal(_) => at += 1,
            }
        }
    }

    /// Notes a path, or the group it stands before; returns where to go on.
    fn path(
        &mut self,
        tokens: &[TokenTree],
        path: Vec<String>,
        line: usize,
        next: usize,
        test_item: bool,
    ) -> usize {
        let outside = self.testing;
        self.testing |= test_item;
        let mut next = next;
        match tokens.get(next + 2) {
            Some(TokenTree::Group(group))
                if group.delimiter() == Delimiter::Brace && is_colons(tokens, next) =>
            {
                self.walk(group.stream(), &path);
                next += 3;
            }
            _ => self.note(path, line),
        }
        self.testing = outside;
        next
    }

    fn note(&mut self, parts: Vec<String>, line: usize) {
        let supers = parts.iter().take_while(|p| *p == "super").count();
        let parts = if supers == 0 {
            parts
        } else {
            let kept = self.module.len().saturating_sub(supers);
            let mut full = vec!["crate".to_string()];
            full.extend_from_slice(&self.module[..kept]);
            full.extend_from_slice(&parts[supers..]);
            full
        };
        let paths = if self.testing { &mut self.code.test_paths } else { &mut self.code.paths };
        paths.push(CodePath { parts, line });
    }

    /// Notes the function whose `fn` is at `at`, if it has a name and a body.
    fn function(&mut self, tokens: &[TokenTree], at: usize) {
        let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else { return };
        let end = tokens[at..].iter().find_map(|token| match token {
            TokenTree::Group(g) if g.delimiter() == Delimiter::Brace => {
                Some(Some((g.span_close().start().line, lines_in_literals(g.stream()))))
            }
            TokenTree::Punct(p) if p.as_char() == ';' => Some(None),
            _ => None,
        });
        if let Some(Some((end, data))) = end {
            let line = tokens[at].span().start().line;
            let lines = end + 1 - line - data;
            self.code.functions.push(Function { name: name.to_string(), line, lines });
        }
    }
}

/// Line feeds inside the literals of `stream`.
fn lines_in_literals(stream: TokenStream) -> usize {
    let lines = |token: TokenTree| match token {
        TokenTree::Group(group) => lines_in_literals(group.stream()),
        TokenTree::Literal(literal) => literal.span().end().line - literal.span().start().line,
        TokenTree::Ident(_) | TokenTree::Punct(_) => 0,
    };
    stream.into_iter().map(lines).sum()
}

/// The path whose first name is at `at`, its line, and where it ends.
fn path_at(tokens: &[TokenTree], at: usize) -> (Vec<String>, usize, usize) {
    let line = tokens[at].span().start().line;
    let mut path = vec![tokens[at].to_string()];
    let mut next = at + 1;
    while is_colons(tokens, next)
        && let Some(TokenTree::Ident(ident)) = tokens.get(next + 2)
    {
        path.push(ident.to_string());
        next += 3;
    }
    (path, line, next)
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let colon =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
    colon(at) && colon(at + 1)
}

/// The name and body of `mod name { .. }`, `mod` being at `at`.
fn inline_module(tokens: &[TokenTree], at: usize) -> Option<(String, TokenStream)> {
    match (tokens.get(at + 1), tokens.get(at + 2)) {
        (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) => {
            Some((name.to_string(), body.stream()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let code = read(text, &["call".into(), "turn".into()]);
        code.paths.iter().map(|p| p.parts.join("::")).collect()
    }

    #[test]
    fn groups_and_supers_are_spelled_out() {
        let check = |text: &str, want: &[&str]| {
            let found = paths(text);
            for path in want {
                assert!(found.iter().any(|p| p == path), "{path} is not in {found:?}");
            }
        };
        check("use crate::{audio::{g711, level}, time};", &["crate::audio::g711", "crate::time"]);
        check("use std::{fs, io::Read};", &["std::fs", "std::io::Read"]);
        check("use super::Call; use super::super::live::Ear;", &["crate::call::Call"]);
        check("fn f() { super::super::live::go() }", &["crate::live::go"]);
        check("mod deep { use super::super::Call; }", &["crate::call::Call"]);
        check("matches!(x, crate::store::Y)", &["crate::store::Y"]);
    }

    #[test]
    fn comments_strings_and_tests_are_no_code() {
        let text = "//! crate::live\n/// tokio\nfn f() { g(\"std::fs\") } // unsafe\n\
            #[cfg(test)] mod tests { use std::fs; }\n#[cfg(test)] use std::net::Ipv4Addr;\n\
            fn h() { rand() }";
        let found = paths(text);
        for absent in ["crate::live", "tokio", "std::fs", "unsafe", "std::net::Ipv4Addr"] {
            assert!(!found.iter().any(|p| p == absent), "{absent} is in {found:?}");
        }
        assert!(found.iter().any(|p| p == "rand"), "{found:?}");
        let code = read(text, &["call".into()]);
        assert!(code.test_paths.iter().any(|p| p.begins("std::fs")));
    }

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let text = "trait T { fn a(&self); fn b(&self) -> u8 {\n1\n}\n}\ntype F = fn(u8);\n\
            fn c() { d(\"1\n2\") }";
        let function = |name: &str, line, lines| Function { name: name.into(), line, lines };
        assert_eq!(read(text, &[]).functions, [function("b", 1, 3), function("c", 6, 1)]);
    }
}
