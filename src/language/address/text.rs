//! How address fields are written.

use crate::language::text::title_case;

/// Tokens as a name is written.
pub(super) fn join(tokens: &[String]) -> String {
    title_case(&tokens.join(" "))
}
