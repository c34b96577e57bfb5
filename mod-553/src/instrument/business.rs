//! What a model is worth to the business, and what it costs: decisions, amounts, losses, tenants, tokens.

use super::budget::Budget;
use super::register::{counter, counter_of_amounts, histogram};
use prometheus::{CounterVec, HistogramVec, IntCounterVec, Registry};

/// OpenTelemetry's advice for token counts: powers of four.
const TOKENS: [f64; 9] = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0];

/// Everything that is counted in the business' own terms.
#[derive(Debug)]
pub struct Business {
    /// By model, variant and `decision`.
    pub decisions: IntCounterVec,
    /// What was decided about, in US dollars.
    pub amount_usd: CounterVec,
    /// What wrong approvals cost, in US dollars, once known.
    pub loss_usd: CounterVec,
    /// Requests by `tenant`, within its budget.
    pub tenant_requests: IntCounterVec,
    /// By `gen_ai_request_model` and `gen_ai_token_type`.
    pub tokens: HistogramVec,
    /// The part of the input tokens that came from a cache, by `gen_ai_request_model`.
    pub cached_tokens: IntCounterVec,
    /// Explanations that were asked for under a policy, by `outcome`.
    pub spend_decisions: IntCounterVec,
    tenants: Budget,
}

impl Business {
    pub(super) fn new(r: &Registry, tenants: Budget) -> Result<Self, prometheus::Error> {
        let decided = ["model", "variant", "decision"];
        let token = ["gen_ai_request_model", "gen_ai_token_type"];
        Ok(Self {
            decisions: counter(r, "business_decisions_total", "What was decided.", &decided)?,
            amount_usd: counter_of_amounts(r, "business_amount_usd_total", "What was decided about.", &decided)?,
            loss_usd: counter_of_amounts(
                r,
                "business_loss_usd_total",
                "What wrong approvals cost, once known.",
                &decided[..2],
            )?,
            tenant_requests: counter(r, "business_requests_total", "Requests by tenant.", &["tenant"])?,
            tokens: histogram(r, "gen_ai_client_token_usage", "Tokens of language models.", &TOKENS, &token)?,
            cached_tokens: counter(
                r,
                "gen_ai_cached_input_tokens_total",
                "Input tokens that came from a cache; a part of the input.",
                &token[..1],
            )?,
            spend_decisions: counter(
                r,
                "business_spend_decisions_total",
                "Explanations that were asked for, by what the budget's policy made of them.",
                &["outcome"],
            )?,
            tenants,
        })
    }

    /// A request of a tenant, or of nobody in particular.
    pub fn tenant(&self, tenant: Option<&str>) {
        let label = tenant.map_or_else(|| "none".to_owned(), |tenant| self.tenants.admit(tenant));
        self.tenant_requests.with_label_values(&[&label]).inc();
    }
}
