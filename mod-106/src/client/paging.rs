//! Pages as streams: one page is held at a time, and the next is fetched when the last item of this one has been taken.
//!
//! A server that hands out the same token twice would be read for ever; that is an error here.

use super::error::Error;
use futures::Stream;

/// One page: its items, and the token of the next page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The items, in the order asked for.
    pub items: Vec<T>,
    /// Opaque; `None` on the last page.
    pub next_page_token: Option<String>,
}

impl<T> Page<T> {
    /// MLflow says "no more" with an absent token or an empty one.
    pub(super) fn new(items: Vec<T>, token: Option<String>) -> Self {
        Self { items, next_page_token: token.filter(|token| !token.is_empty()) }
    }
}

/// A search with the token of one of its pages.
#[derive(serde::Serialize)]
pub(super) struct Request<'a, S> {
    #[serde(flatten)]
    pub(super) search: &'a S,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) page_token: Option<&'a str>,
}

/// Streams all items, given how to fetch the page of a token.
pub(super) fn stream<T, F>(fetch: impl Fn(Option<String>) -> F) -> impl Stream<Item = Result<T, Error>>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    async_stream::try_stream! {
        let mut token = None;
        loop {
            let page = fetch(token.clone()).await?;
            for item in page.items {
                yield item;
            }
            if page.next_page_token.is_none() {
                break;
            }
            if page.next_page_token == token {
                Err(Error::Garbage {
                    endpoint: "paging".to_owned(),
                    reason: "the next page's token is this page's".to_owned(),
                    excerpt: token.clone().unwrap_or_default(),
                })?;
            }
            token = page.next_page_token;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, stream};
    use futures::{StreamExt, TryStreamExt};
    use std::cell::Cell;

    /// Pages of three numbers up to `last`, whose token is the number to go on from.
    fn numbers(from: Option<String>, last: u32) -> Page<u32> {
        let first: u32 = from.map_or(0, |token| token.parse().unwrap());
        let items: Vec<_> = (first..=last).take(3).collect();
        Page::new(items, Some(if first + 3 <= last { (first + 3).to_string() } else { String::new() }))
    }

    #[tokio::test]
    async fn all_pages_are_read_once_and_no_earlier_than_needed() {
        let fetched = Cell::new(0);
        let pages = || {
            stream(|token| {
                fetched.set(fetched.get() + 1);
                std::future::ready(Ok(numbers(token, 7)))
            })
        };
        assert_eq!(pages().try_collect::<Vec<_>>().await.unwrap(), (0..=7).collect::<Vec<_>>());
        assert_eq!(fetched.replace(0), 3);
        assert_eq!(pages().take(3).count().await, 3);
        assert_eq!(fetched.get(), 1);
    }

    #[tokio::test]
    async fn a_repeated_token_ends_in_an_error() {
        let pages = stream(|_| std::future::ready(Ok(Page::new(vec![1], Some("again".to_owned())))));
        let error = pages.try_collect::<Vec<_>>().await.unwrap_err();
        assert!(error.to_string().contains("again"), "{error}");
    }
}
