//! The part of AWS IAM that rotates keys: CreateAccessKey, DeleteAccessKey and ListAccessKeys, as signed form posts with XML
//! answers. A user changes its own keys; only the harness may name another.
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html> and its siblings, version 2010-05-08.

use super::{
    HARNESS_USER, REGION,
    keys::{AccessKey, KeyTable, Refused},
};
use crate::wire::{hex, sigv4};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// A refusal, as AWS words it.
struct IamError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

/// The endpoint's one route.
pub(super) fn routes(keys: KeyTable) -> Router {
    Router::new().route("/", post(answer)).with_state(keys)
}

async fn answer(State(keys): State<KeyTable>, headers: HeaderMap, body: Bytes) -> Result<Response, IamError> {
    let caller = authenticate(&keys, &headers, &body)?;
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let user = form.get("UserName").unwrap_or(&caller.user).clone();
    if user != caller.user && caller.user != HARNESS_USER {
        return Err(refuse(StatusCode::FORBIDDEN, "AccessDenied", format!("{} may not act for {user}", caller.user)));
    }
    match form.get("Action").map(String::as_str).unwrap_or_default() {
        "CreateAccessKey" => {
            let key = keys.create(&user).map_err(|refused| refused_change(refused, &user))?;
            Ok(xml("CreateAccessKey", &format!("<AccessKey>{}{}</AccessKey>", member(&key), secret(&key))))
        }
        "DeleteAccessKey" => {
            let id = form.get("AccessKeyId").cloned().unwrap_or_default();
            keys.delete(&user, &id).map_err(|refused| refused_change(refused, &id))?;
            Ok(xml("DeleteAccessKey", ""))
        }
        "ListAccessKeys" => {
            let of_user = keys.of_user(&user);
            let members: String = of_user.iter().map(|key| format!("<member>{}</member>", member(key))).collect();
            let list = format!(
                "<UserName>{user}</UserName><AccessKeyMetadata>{members}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"
            );
            Ok(xml("ListAccessKeys", &list))
        }
        other => Err(refuse(StatusCode::BAD_REQUEST, "InvalidAction", format!("there is no action {other:?} here"))),
    }
}

/// Whose signature this is. Everything that a caller signs is checked: a wrong byte anywhere makes another signature.
fn authenticate(keys: &KeyTable, headers: &HeaderMap, body: &[u8]) -> Result<AccessKey, IamError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let presented = text("authorization");
    let part = |name: &str| {
        let rest = presented.split_once(name)?.1;
        Some(rest.split([',', ' ']).next().unwrap_or_default().to_owned())
    };
    let incomplete =
        || refuse(StatusCode::BAD_REQUEST, "IncompleteSignature", "no AWS4-HMAC-SHA256 signature".to_owned());
    let (credential, names, signature) = (part("Credential="), part("SignedHeaders="), part("Signature="));
    let (Some(credential), Some(names), Some(signature)) = (credential, names, signature) else {
        return Err(incomplete());
    };
    let id = credential.split('/').next().unwrap_or_default();
    let unknown = || refuse(StatusCode::FORBIDDEN, "InvalidClientTokenId", format!("there is no access key {id}"));
    let key = keys.find(id).ok_or_else(unknown)?;
    let amz_date = text("x-amz-date");
    let signed: Vec<(String, String)> = names.split(';').map(|name| (name.to_owned(), text(name))).collect();
    let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let scope = sigv4::Scope { access_key_id: id, region: REGION, service: "iam", amz_date: &amz_date };
    let payload_sha256 = hex(&Sha256::digest(body));
    let request =
        sigv4::Signable { method: "POST", path: "/", query: &[], headers: &signed, payload_sha256: &payload_sha256 };
    let covers_host_and_date = ["host", "x-amz-date"].iter().all(|wanted| names.split(';').any(|name| name == *wanted));
    if covers_host_and_date && sigv4::signature(&scope, &key.secret, &request) == signature {
        return Ok(key);
    }
    Err(refuse(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", "the signature does not match the request".to_owned()))
}

fn member(key: &AccessKey) -> String {
    format!("<UserName>{}</UserName><AccessKeyId>{}</AccessKeyId><Status>Active</Status>", key.user, key.id)
}

fn secret(key: &AccessKey) -> String {
    format!("<SecretAccessKey>{}</SecretAccessKey>", key.secret)
}

fn refused_change(refused: Refused, what: &str) -> IamError {
    match refused {
        Refused::LimitExceeded => refuse(
            StatusCode::CONFLICT,
            "LimitExceeded",
            format!("Cannot exceed quota for AccessKeysPerUser: 2 ({what})"),
        ),
        Refused::NoSuchEntity => {
            refuse(StatusCode::NOT_FOUND, "NoSuchEntity", format!("The Access Key with id {what} cannot be found."))
        }
    }
}

fn refuse(status: StatusCode, code: &'static str, message: String) -> IamError {
    IamError { status, code, message }
}

fn xml(action: &str, result: &str) -> Response {
    let body = format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result><ResponseMetadata><RequestId>lab</RequestId></ResponseMetadata></{action}Response>"
    );
    ([(header::CONTENT_TYPE, "text/xml")], body).into_response()
}

impl IntoResponse for IamError {
    fn into_response(self) -> Response {
        let message = self.message.replace('&', "&amp;").replace('<', "&lt;");
        let body = format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{}</Code><Message>{message}</Message></Error><RequestId>lab</RequestId></ErrorResponse>",
            self.code
        );
        (self.status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
    }
}
