//! What must not be read in a report. A [`Redactor`] learns every secret of a run under a placeholder's name, and cleans
//! whatever is about to be written. It knows values, not patterns: a pattern would miss the one password that looks like a word.

use std::sync::{Arc, RwLock};

/// Values shorter than this are left alone: replacing every `a` would make a transcript unreadable and protect nothing.
const SHORTEST_SECRET: usize = 6;

/// The secrets of one run and the names that stand for them. Cheap to clone; clones share what they learn.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Vec<(String, String)>>>,
}

impl Redactor {
    /// Learns that `value` must read as `placeholder` (such as `$LAB_ADMIN_PASSWORD`) from now on.
    pub fn learn(&self, placeholder: &str, value: &str) {
        if value.len() < SHORTEST_SECRET {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !known.iter().any(|(_, secret)| secret == value) {
            known.push((placeholder.to_owned(), value.to_owned()));
            // Longest first, or a secret that contains another would be cut in half and leave its tail readable.
            known.sort_by_key(|(_, secret)| std::cmp::Reverse(secret.len()));
        }
    }

    /// The text with every known secret replaced by its placeholder.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let known = self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.iter().fold(text.to_owned(), |text, (placeholder, secret)| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), placeholder) } else { text }
        })
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

#[cfg(test)]
mod tests {
    use super::Redactor;

    #[test]
    fn the_longer_secret_goes_first_and_short_words_stay() {
        let redactor = Redactor::default();
        redactor.learn("$SHORT", "secret");
        redactor.learn("$LONG", "secret-and-more");
        redactor.learn("$TINY", "a");
        assert_eq!(redactor.clean("a secret, a secret-and-more"), "a $SHORT, a $LONG");
    }
}
