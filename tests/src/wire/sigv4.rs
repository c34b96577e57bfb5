//! AWS Signature Version 4, the part that checks and worlds need: one header-signed request. Pure functions; the time is passed in.
//! Source: "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)",
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.

use super::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// What AWS leaves unencoded: letters, digits and `-_.~`.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Who signs, for what, and when.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The key's public half.
    pub access_key_id: &'a str,
    /// `us-east-1`
    pub region: &'a str,
    /// `s3` or `iam`
    pub service: &'a str,
    /// `20130524T000000Z`, as in the header `x-amz-date`.
    pub amz_date: &'a str,
}

/// The request that is signed.
#[derive(Clone, Copy, Debug)]
pub struct Signable<'a> {
    /// `GET`
    pub method: &'a str,
    /// The path as it is sent, already encoded.
    pub path: &'a str,
    /// Names and values, not yet encoded, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// Every signed header in lower case, in any order.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body's digest in hexadecimal.
    pub payload_sha256: &'a str,
}

/// The whole `authorization` header.
#[must_use]
pub fn authorization(scope: &Scope<'_>, secret_access_key: &str, request: &Signable<'_>) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}",
        scope.access_key_id,
        credential_scope(scope),
        signed_headers(request),
        signature(scope, secret_access_key, request)
    )
}

/// The signature alone, in hexadecimal.
#[must_use]
pub fn signature(scope: &Scope<'_>, secret_access_key: &str, request: &Signable<'_>) -> String {
    let digest = hex(&Sha256::digest(canonical_request(request).as_bytes()));
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{}\n{digest}", scope.amz_date, credential_scope(scope));
    let day = hmac(format!("AWS4{secret_access_key}").as_bytes(), date(scope));
    let region = hmac(&day, scope.region);
    let service = hmac(&region, scope.service);
    hex(&hmac(&hmac(&service, "aws4_request"), &to_sign))
}

/// A query as AWS canonicalises it, which is also how to send it.
#[must_use]
pub fn canonical_query(query: &[(&str, &str)]) -> String {
    let mut pairs: Vec<String> =
        query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// A key as a path: each segment encoded, the slashes kept.
#[must_use]
pub fn encoded_path(key: &str) -> String {
    key.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

fn canonical_request(request: &Signable<'_>) -> String {
    let mut headers: Vec<String> =
        request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    headers.sort_unstable();
    [
        request.method,
        request.path,
        &canonical_query(request.query),
        &headers.concat(),
        &signed_headers(request),
        request.payload_sha256,
    ]
    .join("\n")
}

fn signed_headers(request: &Signable<'_>) -> String {
    let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.join(";")
}

fn credential_scope(scope: &Scope<'_>) -> String {
    format!("{}/{}/{}/aws4_request", date(scope), scope.region, scope.service)
}

fn date<'a>(scope: &Scope<'a>) -> &'a str {
    scope.amz_date.split('T').next().unwrap_or_default()
}

/// HMAC-SHA256 (RFC 2104) in hexadecimal, as webhooks are signed.
#[must_use]
pub fn hmac_sha256_hex(secret: &str, body: &[u8]) -> String {
    hex(&hmac(secret.as_bytes(), body))
}

fn hmac(key: &[u8], text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    hmac.update(text.as_ref());
    hmac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::{Scope, Signable, authorization, canonical_query, encoded_path};

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn check(query: &[(&str, &str)], path: &str, headers: &[(&str, &str)], expected: &str) {
        let scope = Scope {
            access_key_id: "AKIAIOSFODNN7EXAMPLE",
            region: "us-east-1",
            service: "s3",
            amz_date: "20130524T000000Z",
        };
        let request = Signable { method: "GET", path, query, headers, payload_sha256: EMPTY };
        let header = authorization(&scope, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &request);
        assert!(header.ends_with(&format!("Signature={expected}")), "{header}");
    }

    /// The worked examples on the page that the file's head names.
    #[test]
    fn the_published_examples_come_out() {
        let host = ("host", "examplebucket.s3.amazonaws.com");
        let (date, payload) = (("x-amz-date", "20130524T000000Z"), ("x-amz-content-sha256", EMPTY));
        let ranged = [host, ("range", "bytes=0-9"), payload, date];
        check(&[], "/test.txt", &ranged, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
        let plain = [date, host, payload];
        let listing = [("prefix", "J"), ("max-keys", "2")];
        check(&listing, "/", &plain, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encoded_path("a b/ü+%.txt"), "a%20b/%C3%BC%2B%25.txt");
        assert_eq!(canonical_query(&[("b", "/"), ("a", "")]), "a=&b=%2F");
    }
}
