//! Passwords travel with every request of basic authentication, so the wire must be TLS, with a certificate that a client can
//! verify; and nothing may be had without it.

use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    wire::{Request, Wire, WireError},
};
use http::Method;
use std::time::Duration;

pub(super) const TLS: Check = Check {
    id: "traffic-is-encrypted",
    title: "The server speaks TLS with a certificate that its own CA vouches for, and nothing else",
    follows: &["server-speaks-mlflow"],
    needs: &[Need::Claim("tls")],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(traffic_is_encrypted(ctx)),
};

async fn traffic_is_encrypted(ctx: Context) -> Result<(), Fault> {
    let endpoint = ctx.endpoint("tracking")?;
    let Some(address) = endpoint.strip_prefix("https://") else {
        return Err(Fault::failed("`[endpoints] tracking` of submission.toml", "an address with https://", endpoint));
    };
    // The wire verifies the certificate against the CA that the submission names.
    let verified = ctx.wire().send(Request::new(Method::GET, endpoint, "/health")).await?;
    expect::status(&verified, 200)?;

    // Whoever knows no CA must not be able to connect: else the certificate says nothing about who answers.
    if ctx.wire().has_ca() {
        let unknowing = Wire::new(None, crate::redact::Redactor::default());
        let result = unknowing.send(Request::new(Method::GET, endpoint, "/health")).await;
        let refused = matches!(result, Err(WireError::Tls { .. }));
        expect::holds(
            "a client that does not know the CA",
            refused,
            "a refused certificate",
            result.map(|a| a.status).ok(),
        )?;
    }

    // Plain HTTP on the same port: an error, a redirect or silence, and in no case the API.
    let plain = format!("http://{address}");
    let account = ctx.account("admin")?;
    let request = Request::new(Method::GET, &plain, "/api/2.0/mlflow/experiments/get?experiment_id=0");
    let answered = ctx.wire().send(request.account(Some(&account)).limit(Duration::from_secs(5))).await;
    match answered {
        Ok(answer) if answer.status < 300 => {
            Err(Fault::failed("plain HTTP on the TLS port", "no answer, an error or a redirect", answer.quoted()))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}
