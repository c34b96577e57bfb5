//! Documents that people read: templates filled from data, Markdown and self-contained HTML pages, written whole or not at all.
//!
//! - `templates.rs`: the minijinja environment; what a template's name ends in says how values are escaped
//! - `escape.rs`: values into HTML and Markdown, so that no name, tag or description can break a page
//! - `filters.rs`: times, digests and figures as people read them
//! - `markdown.rs`: Markdown to HTML, without raw HTML, scripts or anything that loads from elsewhere
//! - `page.html.j2`, `page.css`: the layout of every page: light and dark, printable, usable by keyboard and screen reader
//! - `write.rs`: files under a temporary name, then renamed; every part that writes files writes them so
//!
//! What a document says is its own part's business; nothing here knows a model, a report or a question.

mod error;
mod escape;
mod filters;
mod markdown;
mod templates;
mod write;

pub use error::Error;
pub use escape::{html, is_hidden, markdown};
pub use filters::{bytes, duration, number, percent, short_digest, time};
pub use markdown::html_from_markdown;
pub use templates::Templates;
pub use write::{Unfinished, write, write_all};
