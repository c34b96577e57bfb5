//! The given webhook: it records every delivery with its headers and body, and answers as a check wishes, for as long as it wishes. Each
//! inbox is an address of its own, so that checks which run at once do not read each other's post.

use super::serve::{Answering, Asked, Reply, Server};
use crate::{check::Fault, patience::stretched, wire::hex};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    io, iter,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The inbox whose address a submission is given.
const GIVEN: &str = "given";

/// Between two looks for a delivery.
const PAUSE: Duration = Duration::from_millis(20);

/// A running sink. Dropping it ends it.
#[derive(Debug)]
pub struct Sink {
    _server: Server,
    given: Inbox,
    secret: String,
}

/// One address, and what came there. Cheap to clone; clones are the same inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    url: String,
    path: String,
    boxes: Boxes,
}

/// What came, in one piece.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When.
    pub at: Instant,
    /// Which inbox.
    pub path: String,
    /// As they were sent.
    pub headers: HeaderMap,
    /// As it was sent.
    pub body: Bytes,
    /// What the sink answered.
    pub answered: u16,
}

type Boxes = Arc<Mutex<BTreeMap<String, Kept>>>;

#[derive(Debug, Default)]
struct Kept {
    deliveries: Vec<Delivery>,
    answers: VecDeque<u16>,
}

impl Sink {
    /// Starts it on a free port of `host`, with a secret of its own.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(host: IpAddr) -> io::Result<Self> {
        let boxes = Boxes::default();
        let for_server = Arc::clone(&boxes);
        let server = Server::start(host, move |asked| receive(&for_server, asked)).await?;
        let secret = hex(&std::array::from_fn::<u8, 24, _>(|_| fastrand::u8(..)));
        let given = Inbox::new(server.url(), GIVEN, boxes);
        Ok(Self { _server: server, given, secret })
    }

    /// The inbox whose address the submission was given.
    #[must_use]
    pub fn given(&self) -> &Inbox {
        &self.given
    }

    /// An inbox of a check's own.
    #[must_use]
    pub fn inbox(&self, name: &str) -> Inbox {
        let origin = self.given.url.strip_suffix(&self.given.path).unwrap_or_default();
        Inbox::new(origin, name, Arc::clone(&self.given.boxes))
    }

    /// What a submission signs its deliveries with.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl Inbox {
    fn new(origin: &str, name: &str, boxes: Boxes) -> Self {
        let path = format!("/hooks/{name}");
        Self { url: format!("{origin}{path}"), path, boxes }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What a submission is told, to deliver here.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![("LAB_WEBHOOK_URL", self.url.clone())]
    }

    /// The next `count` deliveries are answered with this status (429 with `retry-after: 1`), those after them with 200 again.
    pub fn answer_next(&self, count: usize, status: u16) {
        let mut boxes = lock(&self.boxes);
        boxes.entry(self.path.clone()).or_default().answers.extend(iter::repeat_n(status, count));
    }

    /// Everything that came, in order.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.boxes).get(&self.path).map(|kept| kept.deliveries.clone()).unwrap_or_default()
    }

    /// Waits until `enough` holds of everything that came.
    ///
    /// # Errors
    /// It does not hold in time: `what` did not come.
    pub async fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        enough: impl Fn(&[Delivery]) -> bool,
    ) -> Result<Vec<Delivery>, Fault> {
        let deadline = Instant::now() + stretched(limit);
        loop {
            let deliveries = self.deliveries();
            if enough(&deliveries) {
                return Ok(deliveries);
            }
            if Instant::now() > deadline {
                let expected = format!("{what} within {limit:?}");
                let came = deliveries.iter().map(|delivery| format!("{} {}", delivery.answered, delivery.text()));
                let came: Vec<String> = came.map(|text| text.chars().take(200).collect()).collect();
                return Err(Fault::failed(
                    "deliveries to the webhook",
                    expected,
                    format!("{} of them: {came:?}", came.len()),
                ));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Delivery {
    /// The body as JSON.
    ///
    /// # Errors
    /// It is none, which is the sender's fault.
    pub fn json(&self) -> Result<Value, Fault> {
        serde_json::from_slice(&self.body)
            .map_err(|_| Fault::failed("a delivery to the webhook", "a JSON body", self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// One header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

fn receive(boxes: &Boxes, asked: Asked) -> Answering {
    let mut boxes = lock(boxes);
    let kept = boxes.entry(asked.path.clone()).or_default();
    let answered = kept.answers.pop_front().unwrap_or(200);
    let (at, path) = (Instant::now(), asked.path);
    kept.deliveries.push(Delivery { at, path, headers: asked.headers, body: asked.body, answered });
    let reply = Reply::json(answered, &json!({"status": answered}));
    let reply = if answered == 429 { reply.header("retry-after", "1") } else { reply };
    Box::pin(async move { Some(reply) })
}

fn lock(boxes: &Boxes) -> MutexGuard<'_, BTreeMap<String, Kept>> {
    boxes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Sink;
    use crate::{
        redact::Redactor,
        wire::{Request, Wire},
    };
    use http::Method;
    use serde_json::json;
    use std::{net::Ipv4Addr, time::Duration};

    #[tokio::test]
    async fn each_inbox_has_its_own_post_and_its_own_moods() {
        let sink = Sink::start(Ipv4Addr::LOCALHOST.into()).await.unwrap();
        let (ours, given) = (sink.inbox("ours"), sink.given());
        ours.answer_next(1, 500);
        ours.answer_next(1, 429);
        let wire = Wire::new(None, Redactor::default());
        let mut seen = Vec::new();
        for number in 0..3 {
            let request = Request::new(Method::POST, ours.url(), "").header("x-number", number.to_string());
            seen.push(wire.send(request.json(&json!({"number": number}))).await.unwrap());
        }
        assert_eq!(seen.iter().map(|answer| answer.status).collect::<Vec<_>>(), [500, 429, 200]);
        assert_eq!(seen[1].header("retry-after"), Some("1"));
        let came = ours.wait_for("three", Duration::ZERO, |deliveries| deliveries.len() == 3).await.unwrap();
        assert_eq!(came[2].json().unwrap()["number"], 2);
        assert_eq!((came[0].answered, came[0].header("x-number")), (500, Some("0")));
        assert!(given.deliveries().is_empty());
        let missing =
            given.wait_for("a resolve", Duration::ZERO, |deliveries| !deliveries.is_empty()).await.unwrap_err();
        assert!(missing.to_string().contains("a resolve within"), "{missing}");
    }
}
