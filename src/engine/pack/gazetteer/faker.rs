//! Person names and streets of `@faker-js/faker`'s locale files.
//!
//! The files are minified JavaScript: one object literal whose leaves are texts, arrays of texts,
//! or one text split at a letter (`` `a.b.c`.split(`.`) ``). That much is read here.

use super::{BuildError, Read};
use crate::language::gazetteer::Draft;

/// A list of the draft, and the package's section and lists it is filled from.
type List<'a> = (&'a mut Vec<(String, u32)>, &'static str, &'static [&'static str]);

/// Nesting deeper than this is not a locale.
const DEPTH_MAX: usize = 16;

/// A value of a locale.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    Other,
}

/// Adds the country's lists.
pub(super) fn add(draft: &mut Draft, read: Read) -> Result<(), BuildError> {
    let locales: &[&str] = match draft.country.as_str() {
        "vn" => &["vi"],
        "cz" => &["cs_CZ"],
        "ua" => &["uk"],
        "ru" => &["ru"],
        "kr" => &["ko"],
        "gb" => &["en", "en_GB"],
        "ie" => &["en", "en_IE"],
        "au" => &["en", "en_AU"],
        "ca" => &["en", "en_CA"],
        _ => &["en", "en_US"],
    };
    for locale in locales {
        let entry = text(read, &format!("package/dist/locale/{locale}.js"))?;
        let file = entry
            .split(['"', '`', '\''])
            .filter_map(|s| s.strip_prefix("../"))
            .find(|f| f.starts_with(&format!("{locale}-")) && f.ends_with(".js"))
            .ok_or_else(|| format!("locale/{locale}.js imports nothing"))?;
        let source = text(read, &format!("package/dist/{file}"))?;
        let values = literals(&source);
        let values =
            values.iter().find(|v| get(v, "person").is_some() || get(v, "location").is_some());
        let values = values.ok_or_else(|| format!("{file} has no names"))?;
        let lists: [List<'_>; 4] = [
            (&mut draft.given_names, "person", &["first_name"]),
            (&mut draft.family_names, "person", &["last_name"]),
            (&mut draft.middle_names, "person", &["middle_name"]),
            (&mut draft.streets, "location", &["street_name", "street_name_part"]),
        ];
        for (list, room, keys) in lists {
            let mut texts = vec![];
            let values = keys.iter().filter_map(|key| get(get(values, room)?, key));
            values.for_each(|value| leaves(value, &mut texts));
            list.extend(texts.into_iter().map(|t| (t, 0)));
        }
    }
    for list in [
        &mut draft.given_names,
        &mut draft.family_names,
        &mut draft.middle_names,
        &mut draft.streets,
    ] {
        // The heavier of two equal names first, so that it stays.
        list.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        list.dedup_by(|b, a| a.0 == b.0);
    }
    Ok(())
}

fn text(read: Read, member: &str) -> Result<String, BuildError> {
    String::from_utf8(read(member)?).map_err(|e| format!("{member}: {e}"))
}

fn get<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
        _ => None,
    }
}

/// All texts below a value that are no templates.
fn leaves(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Text(text) if !text.contains("{{") && !text.trim().is_empty() => {
            texts.push(text.trim().to_string());
        }
        Value::List(items) => items.iter().for_each(|v| leaves(v, texts)),
        Value::Map(entries) => entries.iter().for_each(|(_, v)| leaves(v, texts)),
        _ => {}
    }
}

/// Every object literal that something is set to.
fn literals(source: &str) -> Vec<Value> {
    let starts = source.match_indices("={").map(|(at, _)| at + 1);
    starts.filter_map(|at| Js(&source[at..]).value(0)).collect()
}

struct Js<'s>(&'s str);

impl<'s> Js<'s> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.peek()? {
            '{' => self.map(depth),
            '[' => self.list(depth),
            '`' | '"' | '\'' => {
                let text = self.text()?;
                let Some(rest) = self.0.strip_prefix(".split(") else {
                    return Some(Value::Text(text));
                };
                self.0 = rest;
                let separator = self.text()?;
                self.expect(')')?;
                let items = text.split(separator.as_str()).map(|t| Value::Text(t.into()));
                Some(Value::List(items.collect()))
            }
            _ => {
                // Numbers, null, !0, names of other things.
                let end = self.0.find([',', '}', ']'])?;
                self.0 = &self.0[end..];
                Some(Value::Other)
            }
        }
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        self.expect('{')?;
        let mut entries = vec![];
        while self.peek()? != '}' {
            let key = match self.peek()? {
                '`' | '"' | '\'' => self.text()?,
                _ => {
                    let end = self.0.find([':', ',', '}'])?;
                    let key = self.0[..end].to_string();
                    self.0 = &self.0[end..];
                    key
                }
            };
            let value = match self.peek()? {
                ':' => {
                    self.expect(':')?;
                    self.value(depth + 1)?
                }
                _ => Value::Other,
            };
            entries.push((key, value));
            if self.peek()? == ',' {
                self.expect(',')?;
            }
        }
        self.expect('}')?;
        Some(Value::Map(entries))
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.expect('[')?;
        let mut items = vec![];
        while self.peek()? != ']' {
            items.push(self.value(depth + 1)?);
            if self.peek()? == ',' {
                self.expect(',')?;
            }
        }
        self.expect(']')?;
        Some(Value::List(items))
    }

    /// A quoted text; the usual escapes.
    fn text(&mut self) -> Option<String> {
        let quote = self.peek()?;
        let mut text = String::new();
        let mut chars = self.0.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    other => text.push(other),
                },
                c if c == quote => {
                    self.0 = &self.0[at + c.len_utf8()..];
                    return Some(text);
                }
                c => text.push(c),
            }
        }
        None
    }

    fn peek(&mut self) -> Option<char> {
        self.0 = self.0.trim_start();
        self.0.chars().next()
    }

    fn expect(&mut self, wanted: char) -> Option<()> {
        self.peek().filter(|c| *c == wanted)?;
        self.0 = &self.0[wanted.len_utf8()..];
        Some(())
    }
}
