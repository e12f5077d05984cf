//! Text for spreadsheets.

/// `text` so that no spreadsheet takes it for a formula (OWASP, CSV injection); telephone numbers
/// stay as they are.
pub fn inert(text: &str) -> String {
    let number = text.strip_prefix('+').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula && !number { format!("'{text}") } else { text.to_string() }
}
