//! The first sheet of an Excel workbook (ECMA-376), as rows of texts.

use super::BuildError;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::{Cursor, Read as _};

/// Rows wider than this are no table of ours.
const COLUMNS_MAX: usize = 64;

/// The cells of every row, empty where there is none.
pub(super) fn rows(file: &[u8]) -> Result<Vec<Vec<String>>, BuildError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).map_err(|e| e.to_string())?;
    let mut member = |name: &str| -> Result<String, BuildError> {
        let mut text = String::new();
        let mut entry = archive.by_name(name).map_err(|e| format!("{name}: {e}"))?;
        entry.read_to_string(&mut text).map_err(|e| format!("{name}: {e}"))?;
        Ok(text)
    };
    let shared = shared_strings(&member("xl/sharedStrings.xml")?)?;
    sheet(&member("xl/worksheets/sheet1.xml")?, &shared)
}

fn shared_strings(xml: &str) -> Result<Vec<String>, BuildError> {
    let mut strings: Vec<String> = vec![];
    let mut reader = Reader::from_str(xml);
    let mut in_text = false;
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(tag) if tag.name().as_ref() == "si".as_bytes() => {
                strings.push(String::new())
            }
            Event::Start(tag) => in_text = tag.name().as_ref() == b"t",
            Event::End(_) => in_text = false,
            Event::Text(text) if in_text => {
                let text = text.decode().map_err(|e| e.to_string())?;
                strings.last_mut().ok_or("text outside of a string")?.push_str(&text);
            }
            Event::GeneralRef(entity) if in_text => {
                let c = entity_char(&entity.decode().map_err(|e| e.to_string())?);
                strings.last_mut().ok_or("text outside of a string")?.extend(c);
            }
            Event::Eof => return Ok(strings),
            _ => {}
        }
    }
}

fn entity_char(name: &str) -> Option<char> {
    match name {
        "apos" => Some('\''),
        "quot" => Some('"'),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        _ => None,
    }
}

fn sheet(xml: &str, shared: &[String]) -> Result<Vec<Vec<String>>, BuildError> {
    let mut rows: Vec<Vec<String>> = vec![];
    let mut reader = Reader::from_str(xml);
    let (mut column, mut is_shared, mut in_value) = (None, false, false);
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(tag) => match tag.name().as_ref() {
                b"row" => rows.push(vec![]),
                b"c" => (column, is_shared) = cell(&tag),
                b"v" => in_value = true,
                _ => {}
            },
            Event::End(tag) if tag.name().as_ref() == b"v" => in_value = false,
            Event::Text(text) if in_value => {
                let text = text.decode().map_err(|e| e.to_string())?;
                let text = match text.parse::<usize>() {
                    Ok(place) if is_shared => shared.get(place).cloned().unwrap_or_default(),
                    _ => text.into_owned(),
                };
                if let (Some(row), Some(column)) = (rows.last_mut(), column) {
                    row.resize(row.len().max(column + 1), String::new());
                    row[column] = text;
                }
            }
            Event::Eof => return Ok(rows),
            _ => {}
        }
    }
}

/// The column of a cell (`B7` is 1) and whether it points into the shared strings.
fn cell(tag: &BytesStart) -> (Option<usize>, bool) {
    let (mut column, mut is_shared) = (None, false);
    for attribute in tag.attributes().flatten() {
        match attribute.key.as_ref() {
            b"r" => {
                let letters = attribute.value.iter().take_while(|b| b.is_ascii_uppercase()).take(3);
                let number = letters.fold(0, |n, b| n * 26 + usize::from(b - b'A') + 1);
                column = number.checked_sub(1).filter(|c| *c < COLUMNS_MAX);
            }
            b"t" => is_shared = attribute.value.as_ref() == b"s",
            _ => {}
        }
    }
    (column, is_shared)
}
