//! Experiments, runs, metrics, searches, errors: written by one client, read by both.

use super::story::{Written, read_history, read_run, same, without, write_run};
use super::target::{Side, block_on};
use futures::TryStreamExt;
use libtest_mimic::Failed;
use mod_106::client::{
    Batch, BufferedLogger, CONTEXT_TAG, Client, Dataset, DatasetInput, Entry, Error, ExperimentId, ExperimentSearch,
    LifecycleStage, LoggerSettings, Metric, MetricInterval, NewRun, Param, RunId, RunSearch, Tag, ViewType,
};
use serde_json::{Value, json};

fn metric(key: &str, value: f64, step: i64) -> Metric {
    Metric { key: key.to_owned(), value, timestamp: 1_700_000_000_000 + step, step }
}

async fn new_run(side: &Side, client: &Client) -> Result<(ExperimentId, RunId), Error> {
    let experiment = client.create_experiment(&side.name("experiment"), None, &[]).await?;
    let run = client.create_run(&experiment, &NewRun { start_time: 1, ..NewRun::default() }).await?;
    Ok((experiment, run.info.run_id))
}

pub(crate) fn runs_are_read_alike(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let ours = write_run(&client, &side.name("ours")).await?;
        let theirs: Written =
            serde_json::from_value(side.peer.ask("write_run", json!({ "name": side.name("theirs") }))?)
                .map_err(|error| error.to_string())?;
        let mut seen = Vec::new();
        for (writer, run) in [("Rust", &ours.run), ("Python", &theirs.run)] {
            let rust = read_run(&client, run).await?;
            let python = side.peer.ask("read_run", json!({ "run": run }))?;
            same(&format!("written by {writer}; Rust reads, Python reads"), &rust, &python)?;
            seen.push(without(
                rust,
                &[
                    "/experiment/id",
                    "/experiment/name",
                    "/experiment/artifacts",
                    "/experiment/created",
                    "/experiment/updated",
                    "/artifacts",
                ],
            ));
        }
        same("written by Rust, written by Python", &seen[0], &seen[1])?;
        let infinities =
            [["minus infinity", "ffefffffffffffff"], ["plus infinity", "7fefffffffffffff"], ["nan", "nan"]];
        for expected in infinities {
            let found = seen[0]["metrics"].as_array().is_some_and(|metrics| metrics.contains(&json!(expected)));
            if !found {
                return Err(format!("{expected:?} is not among {}", seen[0]["metrics"]).into());
            }
        }
        Ok(())
    })
}

pub(crate) fn metric_histories_page_alike(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let (_, run) = new_run(side, &client).await?;
        let points: Vec<_> = (0..1000).map(|step| metric("loss", 1.0 / (step + 1) as f64, step)).collect();
        client.log_batch(&run, &Batch { metrics: &points, ..Batch::default() }).await?;
        let whole = read_history(&client, &run, "loss", 50_000).await?;
        same("one page, many pages", &whole, &read_history(&client, &run, "loss", 300).await?)?;
        let python = side.peer.ask("read_run", json!({ "run": run }))?;
        same("Rust reads, Python reads", &whole, &python["history"]["loss"])?;
        let interval =
            MetricInterval { run_ids: vec![run.clone()], key: "loss".to_owned(), steps: Some((100, 199)), points: 10 };
        let sample = client.metric_history_interval(&interval).await?;
        let sound = sample.iter().all(|point| point.run_id == run && (100..200).contains(&point.metric.step));
        if !sound || sample.is_empty() || sample.len() > 20 {
            return Err(format!("ten points of steps 100 to 199 were asked for: {sample:?}").into());
        }
        Ok(())
    })
}

pub(crate) fn searches_find_alike(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let (experiment, first) = new_run(side, &client).await?;
        for n in 0..24_i64 {
            let new = NewRun { run_name: Some(format!("run {n}")), start_time: n / 2, ..NewRun::default() };
            let run = client.create_run(&experiment, &new).await?.info.run_id;
            let metrics = [metric("auc", 0.5 + n as f64 / 100.0, 0)];
            let (params, tags) = ([Param::new("depth", (n % 3).to_string())], [Tag::new("team", "ris'k ü")]);
            client.log_batch(&run, &Batch { metrics: &metrics, params: &params, tags: &tags }).await?;
        }
        client.delete_run(&first).await?;
        let searches = [
            ("", vec![], "ACTIVE_ONLY", ViewType::ActiveOnly),
            ("", vec![], "DELETED_ONLY", ViewType::DeletedOnly),
            ("", vec!["metrics.auc DESC"], "ALL", ViewType::All),
            (
                "metrics.auc > 0.6 AND params.depth = '1'",
                vec!["attributes.start_time ASC", "metrics.auc"],
                "ACTIVE_ONLY",
                ViewType::ActiveOnly,
            ),
            ("tags.team LIKE 'ris%' AND params.`depth` != '0'", vec!["params.depth"], "ALL", ViewType::All),
            ("attributes.run_name ILIKE 'RUN 1_'", vec![], "ACTIVE_ONLY", ViewType::ActiveOnly),
        ];
        for (filter, order_by, view, run_view_type) in searches {
            let python = json!({ "experiment": experiment, "filter": filter, "order_by": order_by, "view": view, "page_size": 7 });
            let python = side.peer.ask("search_runs", python)?;
            let order_by = order_by.iter().map(|column| (*column).to_owned()).collect();
            let (experiment_ids, filter) = (vec![experiment.clone()], filter.to_owned());
            let search = RunSearch { experiment_ids, filter: filter.clone(), order_by, run_view_type, page_size: 5 };
            let rust: Vec<_> = client.search_runs(search).map_ok(|run| run.info.run_id).try_collect().await?;
            same(&format!("{filter:?}: Rust finds, Python finds"), &json!(rust), &python)?;
            if rust.is_empty() {
                return Err(format!("{filter:?} finds nothing").into());
            }
        }
        Ok(())
    })
}

pub(crate) fn experiments_live_and_die(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let (name, renamed) = (side.name("first name ü"), side.name("second name"));
        let id = client.create_experiment(&name, None, &[Tag::new("k", "v")]).await?;
        client.rename_experiment(&id, &renamed).await?;
        client.set_experiment_tag(&id, "k", "w").await?;
        let found = client.experiment_by_name(&renamed).await?;
        assert_eq!((&found.experiment_id, found.tags), (&id, vec![Tag::new("k", "w")]));
        client.delete_experiment(&id).await?;
        assert_eq!(client.experiment(&id).await?.lifecycle_stage, LifecycleStage::Deleted);
        let search = |view_type| {
            let filter = format!("name = '{renamed}'");
            client.search_experiments(ExperimentSearch {
                filter,
                view_type,
                page_size: 1,
                ..ExperimentSearch::default()
            })
        };
        assert_eq!(search(ViewType::ActiveOnly).try_collect::<Vec<_>>().await?.len(), 0);
        assert_eq!(search(ViewType::DeletedOnly).try_collect::<Vec<_>>().await?.len(), 1);
        client.restore_experiment(&id).await?;
        assert_eq!(search(ViewType::All).try_collect::<Vec<_>>().await?[0].lifecycle_stage, LifecycleStage::Active);
        Ok(())
    })
}

pub(crate) fn deleted_runs_come_back(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let (_, run) = new_run(side, &client).await?;
        client.delete_run(&run).await?;
        // A repeat is safe: the table says so.
        client.delete_run(&run).await?;
        assert_eq!(client.run(&run).await?.info.lifecycle_stage, LifecycleStage::Deleted);
        assert!(client.log_metric(&run, &metric("m", 1.0, 0)).await.is_err(), "a deleted run takes no metrics");
        client.restore_run(&run).await?;
        client.log_metric(&run, &metric("m", 1.0, 0)).await?;
        assert_eq!(client.run(&run).await?.metric("m"), Some(1.0));
        Ok(())
    })
}

pub(crate) fn datasets_are_summarised(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let (experiment, run) = new_run(side, &client).await?;
        // MLflow 2.22 files a name and digest that it has seen under the experiment where it saw them first.
        let name = side.name("dataset");
        for context in ["training", "evaluation"] {
            let dataset = Dataset { name: format!("{name}-{context}"), digest: "d".to_owned(), ..Dataset::default() };
            let dataset = Dataset { source_type: "local".to_owned(), source: "/data".to_owned(), ..dataset };
            let inputs = [DatasetInput { tags: vec![Tag::new(CONTEXT_TAG, context)], dataset }];
            client.log_inputs(&run, &inputs).await?;
            // A repeat is safe: the table says so.
            client.log_inputs(&run, &inputs).await?;
        }
        let mut summaries = client.search_datasets(std::slice::from_ref(&experiment)).await?;
        summaries.sort_by(|a, b| a.name.cmp(&b.name));
        let contexts: Vec<_> = summaries.iter().map(|summary| summary.context.as_deref()).collect();
        assert_eq!(contexts, [Some("evaluation"), Some("training")]);
        assert_eq!(client.run(&run).await?.inputs.dataset_inputs.len(), 2);
        Ok(())
    })
}

pub(crate) fn errors_carry_the_same_codes(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let (experiment, run) = new_run(side, &client).await?;
        let name = client.experiment(&experiment).await?.name;
        client.log_param(&run, &Param::new("p", "1")).await?;
        let unknown = RunId::parse("f".repeat(32))?;
        let search = RunSearch { filter: "nonsense".to_owned(), ..RunSearch::of(vec![experiment.clone()]) };
        let wrong: [(&str, Value, Option<Error>); 6] = [
            ("get_run", json!([unknown]), client.run(&unknown).await.err()),
            ("get_experiment", json!(["987654"]), client.experiment(&ExperimentId::parse("987654")?).await.err()),
            ("create_experiment", json!([name]), client.create_experiment(&name, None, &[]).await.err()),
            ("log_param", json!([run, "p", "2"]), client.log_param(&run, &Param::new("p", "2")).await.err()),
            ("search_runs", json!([[experiment], "nonsense"]), client.search_runs_page(&search, None).await.err()),
            ("delete_tag", json!([run, "absent"]), client.delete_tag(&run, "absent").await.err()),
        ];
        for (call, arguments, error) in wrong {
            let python = side.peer.ask("wrong", json!({ "call": call, "arguments": arguments }))?;
            let ours = error.as_ref().and_then(Error::code).map(ToString::to_string);
            same(&format!("{call}: {error:?}; Rust's code, Python's code"), &json!(ours), &python)?;
        }
        Ok(())
    })
}

pub(crate) fn a_buffered_logger_loses_nothing(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let (_, run) = new_run(side, &client).await?;
        client.log_param(&run, &Param::new("set", "before")).await?;
        let logger = BufferedLogger::start(client.clone(), run.clone(), &LoggerSettings::default());
        for step in 0..2500 {
            logger.log_metric(metric("loss", step as f64, step)).await?;
        }
        for n in 0..30 {
            logger.log_param(Param::new(format!("p{n}"), "v")).await?;
        }
        logger.log_param(Param::new("set", "again")).await?;
        logger.set_tag(Tag::new("last", "tag")).await?;
        let refused = logger.close().await.expect_err("a param that holds another value is refused");
        let entries: Vec<_> = refused.entries.iter().map(|unaccepted| &unaccepted.entry).collect();
        assert_eq!(entries, [&Entry::Param(Param::new("set", "again"))], "only the bad entry is handed back");
        let seen = client.run(&run).await?;
        let points = read_history(&client, &run, "loss", 1000).await?;
        assert_eq!(points.as_array().map(Vec::len), Some(2500));
        assert_eq!((seen.data.params.len(), seen.param("set"), seen.tag("last")), (31, Some("before"), Some("tag")));
        Ok(())
    })
}

/// Too long for MLflow: whatever a server does with a value, it does with it whoever sends it.
pub(crate) fn long_values_fare_alike(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let (_, run) = new_run(side, &client).await?;
        let cases = [
            ("log_param", "k".to_owned(), "p".repeat(6001)),
            ("set_tag", "k".to_owned(), "t".repeat(8001)),
            ("set_tag", "k".repeat(251), String::new()),
        ];
        for (call, key, value) in cases {
            let ours = match call {
                "log_param" => client.log_param(&run, &Param::new(&key, &value)).await,
                _ => client.set_tag(&run, &Tag::new(&key, &value)).await,
            };
            let ours = ours.err().and_then(|error| error.code().map(ToString::to_string));
            let python = side.peer.ask("wrong", json!({ "call": call, "arguments": [run, key, value] }))?;
            same(call, &json!(ours.unwrap_or_else(|| "none".to_owned())), &python)?;
        }
        same(
            "Rust reads, Python reads",
            &read_run(&client, &run).await?,
            &side.peer.ask("read_run", json!({ "run": run }))?,
        )
    })
}
