//! Servers that fail, lie, stall and leak: what the client makes of them.

use super::scripted::{Scripted, json, with};
use super::target::block_on;
use libtest_mimic::Failed;
use mod_106::client::{
    ArtifactPath, ArtifactRoot, Client, Config, Credentials, Error, ErrorCode, ExperimentId, NewRun, RunId,
};
use std::time::{Duration, Instant};

const RUN: &str =
    r#"{"run":{"info":{"run_id":"r","experiment_id":"0","artifact_uri":"mlflow-artifacts:/0/r/artifacts"}}}"#;

/// A client that does not wait long.
fn client(uri: &str, change: impl Fn(&mut Config)) -> Client {
    let mut config = Config::new(uri).unwrap();
    config.proxies_from_environment = false;
    config.retries.base = Duration::from_millis(1);
    change(&mut config);
    Client::new(&config).unwrap()
}

fn run_id() -> RunId {
    RunId::parse("r").unwrap()
}

fn root() -> ArtifactRoot {
    ArtifactRoot::resolve("mlflow-artifacts:/0/r/artifacts", "http://h").unwrap()
}

pub(crate) fn only_repeatable_calls_are_repeated() -> Result<(), Failed> {
    block_on(async {
        for (failure, name) in
            [("503 Service Unavailable", "503"), ("429 Too Many Requests", "429"), ("", "a cut connection")]
        {
            let script = move |number, _: &_| match (number, failure) {
                (0 | 1, "") => None,
                (0 | 1, failure) => json(failure, ""),
                _ => json("200 OK", RUN),
            };
            let server = Scripted::start(script).await;
            client(&server.uri, |_| {}).run(&run_id()).await?;
            assert_eq!(server.asked().len(), 3, "{name}: reading is tried again");
            let server = Scripted::start(script).await;
            let created = client(&server.uri, |_| {}).create_run(&ExperimentId::parse("0")?, &NewRun::default()).await;
            assert!(created.is_err(), "{name}");
            assert_eq!(server.asked().len(), 1, "{name}: a run is never created twice");
        }
        Ok(())
    })
}

pub(crate) fn retry_after_is_obeyed() -> Result<(), Failed> {
    block_on(async {
        let server = Scripted::start(|number, _| match number {
            0 => with("503 Service Unavailable", "retry-after: 1", ""),
            _ => json("200 OK", RUN),
        })
        .await;
        let started = Instant::now();
        client(&server.uri, |_| {}).run(&run_id()).await?;
        assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
        let server = Scripted::start(|_, _| with("503 Service Unavailable", "retry-after: 3600", "")).await;
        assert!(client(&server.uri, |_| {}).run(&run_id()).await.is_err());
        assert_eq!(server.asked().len(), 1, "an hour is too long to wait");
        Ok(())
    })
}

pub(crate) fn strange_answers_are_named() -> Result<(), Failed> {
    block_on(async {
        let answer = |text: Option<String>| async move {
            let server = Scripted::start(move |_, _| text.clone()).await;
            let error = client(&server.uri, |config| config.retries.retries = 0).run(&run_id()).await.unwrap_err();
            (server, error)
        };
        let (_server, error) =
            answer(with("200 OK", "content-type: text/html", "<html>Welcome to nginx!</html>")).await;
        assert!(matches!(&error, Error::Garbage { excerpt, .. } if excerpt.contains("nginx")), "{error:?}");
        let (server, error) = answer(with("302 Found", "location: http://127.0.0.1:1/", "")).await;
        assert!(matches!(error, Error::Api { .. }), "{error:?}");
        assert_eq!(server.asked().len(), 1, "redirects are not followed");
        let (_server, error) =
            answer(with("401 Unauthorized", "content-type: text/html", "You are not authenticated.")).await;
        assert_eq!(error.code(), Some(&ErrorCode::Unauthenticated));
        let (_server, error) =
            answer(json("418 I'm a teapot", r#"{"error_code":"TEAPOT","message":"short and stout","more":1}"#)).await;
        assert_eq!(error.code(), Some(&ErrorCode::Other("TEAPOT".to_owned())));
        let (_server, error) = answer(None).await;
        assert!(matches!(error, Error::Connection { .. }), "{error:?}");
        let (_server, error) = answer(Some("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"run\"".to_owned())).await;
        assert!(matches!(error, Error::Connection { .. }), "{error:?}");
        Ok(())
    })
}

pub(crate) fn a_stalled_server_times_out() -> Result<(), Failed> {
    block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let uri = format!("http://{}", listener.local_addr()?);
        let impatient = client(&uri, |config| config.timeout = Duration::from_millis(100));
        let error = impatient.run(&run_id()).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
        let path = ArtifactPath::parse("a")?;
        let error = impatient.download_bytes(&root(), &path).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
        let file = tempfile::NamedTempFile::new()?;
        let error = impatient.upload_file(&root(), &path, file.path()).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
        Ok(())
    })
}

pub(crate) fn secrets_stay_secret() -> Result<(), Failed> {
    block_on(async {
        let server = Scripted::start(|_, asked| {
            let echo = asked.header("authorization").unwrap_or("none").to_owned();
            json("400 Bad Request", &format!(r#"{{"error_code":"BAD_REQUEST","message":"you sent {echo}"}}"#))
        })
        .await;
        for credentials in [Credentials::basic("ada", "hunter2hunter2"), Credentials::bearer("hunter2hunter2")] {
            let client = client(&server.uri, |config| config.credentials = credentials.clone());
            let error = client.run(&run_id()).await.unwrap_err();
            let shown = format!("{error} {error:?} {client:?} {credentials:?}");
            assert!(shown.contains("you sent") && shown.contains("***"), "{shown}");
            assert!(!shown.contains("hunter2") && !shown.contains("YWRhOmh1bnRlcjJodW50ZXIy"), "{shown}");
        }
        let sent: Vec<_> =
            server.asked().iter().map(|asked| asked.header("authorization").unwrap().to_owned()).collect();
        assert_eq!(sent, ["Basic YWRhOmh1bnRlcjJodW50ZXIy", "Bearer hunter2hunter2"]);
        Ok(())
    })
}

pub(crate) fn a_file_goes_up_in_parts_where_offered() -> Result<(), Failed> {
    block_on(async {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), "twenty bytes of text")?;
        for store_works in [true, false] {
            let server = Scripted::start(move |_, asked| {
                let host = asked.header("host").unwrap();
                match asked.line() {
                    line if line.contains("/mpu/create/") => {
                        let url = format!("http://{host}/bucket/x?signature=s3cr3t");
                        json("200 OK", &format!(r#"{{"upload_id":"u","credentials":[{{"url":"{url}","part_number":1,"headers":{{"x-part":"yes"}}}}]}}"#))
                    }
                    line if line.starts_with("PUT /bucket") && store_works => with("200 OK", "etag: \"e1\"", ""),
                    line if line.starts_with("PUT /bucket") => json("403 Forbidden", "denied"),
                    _ => json("200 OK", "{}"),
                }
            })
            .await;
            let client = client(&server.uri, |config| {
                config.multipart_from_bytes = 1;
                config.credentials = Credentials::bearer("token");
            });
            let uploaded = client.upload_file(&root(), &ArtifactPath::parse("in side/big.bin")?, file.path()).await;
            let asked = server.asked();
            let lines: Vec<_> = asked.iter().map(|asked| asked.line().to_owned()).collect();
            let mpu = |step: &str| format!("POST /api/2.0/mlflow-artifacts/mpu/{step}/0/r/artifacts/in%20side");
            let last = if store_works { mpu("complete") } else { mpu("abort") };
            assert_eq!(lines, [mpu("create"), "PUT /bucket/x?signature=s3cr3t".to_owned(), last]);
            assert_eq!(asked[1].header("authorization"), None, "our credentials are not the store's business");
            assert_eq!((asked[1].header("x-part"), asked[1].body.as_str()), (Some("yes"), "twenty bytes of text"));
            if store_works {
                assert_eq!(uploaded?.multipart, 1);
                assert!(asked[2].body.contains(r#""etag":"\"e1\"""#), "{}", asked[2].body);
            } else {
                let shown = format!("{:?}", uploaded.unwrap_err());
                assert!(!shown.contains("s3cr3t"), "{shown}");
            }
        }
        Ok(())
    })
}

pub(crate) fn a_file_goes_up_whole_where_parts_are_not_offered() -> Result<(), Failed> {
    block_on(async {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), "text")?;
        let server = Scripted::start(|_, asked| match asked.line() {
            line if line.contains("/mpu/") => json(
                "501 Not Implemented",
                r#"{"error_code":"NOT_IMPLEMENTED","message":"Multipart upload is not supported"}"#,
            ),
            _ => json("200 OK", "{}"),
        })
        .await;
        let client = client(&server.uri, |config| config.multipart_from_bytes = 1);
        let uploaded = client.upload_file(&root(), &ArtifactPath::parse("a.json")?, file.path()).await?;
        assert_eq!((uploaded.files, uploaded.bytes, uploaded.multipart), (1, 4, 0));
        let put = &server.asked()[1];
        assert_eq!(put.line(), "PUT /api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/a.json");
        assert_eq!((put.header("content-type"), put.header("content-length")), (Some("application/json"), Some("4")));
        Ok(())
    })
}

pub(crate) fn a_download_is_whole_and_stays_in_its_folder() -> Result<(), Failed> {
    block_on(async {
        let folder = tempfile::tempdir()?;
        let server = Scripted::start(|_, asked| match asked.line() {
            line if line.contains("?path=") => {
                json("200 OK", r#"{"files":[{"path":"../../escaped","is_dir":false,"file_size":"4"}]}"#)
            }
            _ => Some("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly ten b".to_owned()),
        })
        .await;
        let client = client(&server.uri, |_| {});
        let cut =
            client.download_file(&root(), &ArtifactPath::parse("f")?, &folder.path().join("f")).await.unwrap_err();
        assert!(matches!(cut, Error::Connection { .. }), "{cut:?}");
        let escape = client.download_folder(&root(), None, folder.path()).await.unwrap_err();
        assert!(matches!(&escape, Error::Refused { value, .. } if value == "../../escaped"), "{escape:?}");
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 0, "nothing is left behind");
        Ok(())
    })
}
