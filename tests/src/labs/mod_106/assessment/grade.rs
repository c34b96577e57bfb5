//! Is the sheet good enough? Graded by the quiz's auto-grader: 80 % altogether pass, and of each content item at least half.

use super::grader;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
};
use std::time::Duration;

const NEEDS: &[Need] = &[Need::File("answers"), Need::Tool("mod-106")];

pub(super) const FORM: Check = Check {
    id: "answers-have-the-right-form",
    title: "The grader can read every answer: letters, numbers and words where they belong",
    follows: &["sheet-has-each-question-once"],
    needs: NEEDS,
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(form(ctx)),
};

pub(super) const PASSES: Check = Check {
    id: "passes-with-eighty-percent",
    title: "The sheet earns at least 80 % of all points",
    follows: &["answers-have-the-right-form"],
    needs: NEEDS,
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(passes(ctx)),
};

/// What the checks of the content items share.
const OF_ITEM: Check = Check { follows: &["answers-have-the-right-form"], ..FORM };

pub(super) const PRINCIPLES: Check = Check {
    id: "item-mlops-principles",
    title: "MLOps principles: at least half of the points",
    run: |ctx| Box::pin(half(ctx, 0)),
    ..OF_ITEM
};

pub(super) const TRACKING: Check = Check {
    id: "item-experiment-tracking",
    title: "Experiment tracking: at least half of the points",
    run: |ctx| Box::pin(half(ctx, 1)),
    ..OF_ITEM
};

pub(super) const REGISTRY: Check = Check {
    id: "item-model-registry",
    title: "Model registry and promotion: at least half of the points",
    run: |ctx| Box::pin(half(ctx, 2)),
    ..OF_ITEM
};

pub(super) const DELIVERY: Check = Check {
    id: "item-ci-cd",
    title: "CI/CD for machine learning: at least half of the points",
    run: |ctx| Box::pin(half(ctx, 3)),
    ..OF_ITEM
};

pub(super) const VALIDATION: Check = Check {
    id: "item-validation",
    title: "Validation and monitoring: at least half of the points",
    run: |ctx| Box::pin(half(ctx, 4)),
    ..OF_ITEM
};

pub(super) const FEATURES: Check = Check {
    id: "item-feature-stores",
    title: "Feature and metadata stores: at least half of the points",
    run: |ctx| Box::pin(half(ctx, 5)),
    ..OF_ITEM
};

pub(super) const GOVERNANCE: Check = Check {
    id: "item-governance",
    title: "Governance and documentation: at least half of the points",
    run: |ctx| Box::pin(half(ctx, 6)),
    ..OF_ITEM
};

async fn form(ctx: Context) -> Result<(), Fault> {
    grader::graded(&ctx).await.map(drop)
}

async fn passes(ctx: Context) -> Result<(), Fault> {
    let grade = grader::graded(&ctx).await?;
    if grade["passed"] == true {
        return Ok(());
    }
    Err(Fault::failed("the grade", "at least 80 % of the points", format!("{} %", grade["percent"])))
}

/// Content items stand in the grade in the curriculum's order.
async fn half(ctx: Context, item: usize) -> Result<(), Fault> {
    let grade = grader::graded(&ctx).await?;
    let part = &grade["items"][item];
    let percent = part["percent"].as_f64().ok_or_else(|| Fault::Harness(format!("the grade has no item {item}")))?;
    if percent >= 50.0 {
        return Ok(());
    }
    let found = format!("{percent} % ({} of {})", part["earned"], part["possible"]);
    Err(Fault::failed(part["name"].as_str().unwrap_or("the item"), "at least 50 % of its points", found))
}
