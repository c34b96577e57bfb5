//! Asks the IAM endpoint, with the harness's own key, which keys a user holds: the same question on every backend.

use crate::{
    check::Fault,
    redact::Redactor,
    wire::{Body, BucketAccess, Request, Wire, hex, sigv4},
};
use http::Method;
use sha2::{Digest, Sha256};

/// The ids of a user's keys.
pub(super) async fn list_access_keys(endpoint: &str, access: &BucketAccess, user: &str) -> Result<Vec<String>, Fault> {
    let body = format!("Action=ListAccessKeys&Version=2010-05-08&UserName={user}");
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let host = endpoint.split_once("://").map_or(endpoint, |(_, host)| host);
    let headers = [("host", host), ("x-amz-date", now.as_str())];
    let payload_sha256 = hex(&Sha256::digest(body.as_bytes()));
    let scope =
        sigv4::Scope { access_key_id: &access.access_key_id, region: &access.region, service: "iam", amz_date: &now };
    let signable =
        sigv4::Signable { method: "POST", path: "/", query: &[], headers: &headers, payload_sha256: &payload_sha256 };
    let authorization = sigv4::authorization(&scope, &access.secret_access_key, &signable);
    let mut request = Request::new(Method::POST, endpoint, "/")
        .header("authorization", authorization)
        .header("x-amz-date", now.as_str())
        .header("content-type", "application/x-www-form-urlencoded");
    request.body = Body::Bytes(body.into());
    let answer = Wire::new(None, Redactor::default()).send(request).await;
    let answer = answer.map_err(|error| Fault::Environment(error.to_string()))?;
    if answer.status != 200 {
        return Err(Fault::Environment(format!("the keys cannot be listed: {}", answer.quoted())));
    }
    let text = answer.text();
    let ids = text.split("<AccessKeyId>").skip(1).filter_map(|rest| rest.split_once("</AccessKeyId>"));
    Ok(ids.map(|(id, _)| id.to_owned()).collect())
}
