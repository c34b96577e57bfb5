//! Objectives by seed, in the brief's format: names, counters, targets, windows and factors that no submission has seen before; the
//! rules that a submission makes of them; and promtool, which plays traffic to these rules.

use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    submission::CommandOutput,
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf, time::Duration};

/// A check of what is made from a file of objectives; `id`, `title` and `run` are its own.
pub(super) const GENERATES: Check = Check {
    id: "",
    title: "",
    follows: &[],
    needs: &[Need::Command("rules"), Need::Tool("promtool")],
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |_| Box::pin(async { Err(Fault::Harness("a check without a question".to_owned())) }),
};

/// One objective, and the series that it is measured by.
#[derive(Clone, Debug)]
pub(super) struct Objective {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) owner: String,
    pub(super) service: String,
    pub(super) counter: String,
    pub(super) target: f64,
    pub(super) first_command: String,
}

/// A file of objectives, and owners, and the folder that their rules go to.
pub(super) struct Promise {
    folder: PathBuf,
    pub(super) objectives: Vec<Objective>,
    /// Factors of the page and of the ticket.
    pub(super) page: f64,
    pub(super) ticket: f64,
    pub(super) fallback: String,
}

/// The windows: short enough that promtool plays hours of them in a second.
pub(super) const PAGE: (&str, &str) = ("5m", "30m");
pub(super) const TICKET: (&str, &str) = ("15m", "2h");
/// Fewer events in a long window wake nobody.
pub(super) const MINIMUM_EVENTS: u32 = 100;
/// What runbooks' links begin with.
pub(super) const RUNBOOKS: &str = "handbook/alerts/";

impl Promise {
    /// Two objectives and their owners, by seed.
    pub(super) fn new(ctx: &Context) -> Result<Self, Fault> {
        Self::of(ctx, &["slo-", "goal-"])
    }

    /// One: promtool evaluates every rule each minute of each test.
    pub(super) fn one(ctx: &Context) -> Result<Self, Fault> {
        Self::of(ctx, &["slo-"])
    }

    /// An objective for each prefix of a name.
    fn of(ctx: &Context, prefixes: &[&str]) -> Result<Self, Fault> {
        let mut random = ctx.rng();
        let mut word = |prefix: &str| {
            let letters: String = (0..6).map(|_| random.lowercase()).collect();
            format!("{prefix}{letters}")
        };
        let objectives: Vec<Objective> = prefixes
            .iter()
            .map(|prefix| {
                let (name, letters) = (word(prefix), word(""));
                let title = format!("T{letters}");
                let (owner, service) = (word("team-"), word("service-"));
                let (counter, first_command) =
                    (format!("{}_events_total", word("m")), format!("curl -fsS {}", word("")));
                Objective { name, title, owner, service, counter, target: 0.0, first_command }
            })
            .collect();
        let objectives: Vec<Objective> = objectives
            .into_iter()
            .map(|objective| Objective { target: [0.99, 0.992, 0.995, 0.998][random.usize(..4)], ..objective })
            .collect();
        let (page, ticket) = (f64::from(random.u32(18..30)) / 2.0, f64::from(random.u32(4..7)) / 2.0);
        let fallback = objectives[random.usize(..objectives.len())].owner.clone();
        let promise = Self { folder: ctx.scratch()?, objectives, page, ticket, fallback };
        promise.write("slos.yaml", &promise.slos())?;
        promise.write("owners.yaml", &promise.owners())?;
        Ok(promise)
    }

    /// The file of objectives. JSON is YAML.
    pub(super) fn slos(&self) -> Value {
        let slo = |objective: &Objective| {
            let Objective { name, title, owner, service, counter, target, first_command } = objective;
            json!({
                "name": name, "title": title, "description": format!("What {service} does is done well."), "service": service,
                "owner": owner, "runbook": "all.md", "firstCommand": first_command, "target": target,
                "indicator": { "bad": format!("{counter}{{outcome=\"bad\"}}"), "total": counter },
                "minimumEvents": MINIMUM_EVENTS, "minimumBadEvents": 5,
                "example": {
                    "bad": [format!("{counter}{{outcome=\"bad\"}}")], "good": [format!("{counter}{{outcome=\"good\"}}")],
                },
            })
        };
        json!({
            "burnRates": [
                { "severity": "page", "short": PAGE.0, "long": PAGE.1, "factor": self.page },
                { "severity": "ticket", "short": TICKET.0, "long": TICKET.1, "factor": self.ticket },
            ],
            "runbookBase": RUNBOOKS,
            "slos": self.objectives.iter().map(slo).collect::<Vec<_>>(),
        })
    }

    /// The file of owners.
    pub(super) fn owners(&self) -> Value {
        let owner = |objective: &Objective| {
            let hook = |severity: &str| format!("http://127.0.0.1:9/{}-{severity}", objective.owner);
            (objective.owner.clone(), json!({ "team": "A team", "page": hook("page"), "ticket": hook("ticket") }))
        };
        let owners: serde_json::Map<String, Value> = self.objectives.iter().map(owner).collect();
        json!({
            "owners": owners, "fallback": self.fallback, "inhibit": [],
            "routing": { "groupWait": "30s", "groupInterval": "5m", "repeatPage": "4h", "repeatTicket": "1d" },
        })
    }

    /// Writes a file beside the rules' folder.
    pub(super) fn write(&self, name: &str, document: &Value) -> Result<(), Fault> {
        let path = self.folder.join(name);
        fs::write(&path, format!("{document:#}\n"))
            .map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs the command `rules` on the two files, into a folder of this name, without looking at the answer.
    pub(super) async fn run(&self, ctx: &Context, out: &str) -> Result<CommandOutput, Fault> {
        let [slos, owners, out] = ["slos.yaml", "owners.yaml", out].map(|name| self.path(name).display().to_string());
        ctx.run("rules", &["--slos", &slos, "--owners", &owners, "--out", &out]).await
    }

    /// Makes the rules; their files.
    pub(super) async fn rules(&self, ctx: &Context) -> Result<Vec<PathBuf>, Fault> {
        expect::exit(&self.run(ctx, "rules").await?, "rules", 0)?;
        rule_files(&self.path("rules"))
    }

    /// Makes the rules, and plays this to them.
    pub(super) async fn plays(&self, ctx: &Context, tests: &[Value]) -> Result<(), Fault> {
        let files = self.rules(ctx).await?;
        let names: Vec<_> = files.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        let document = json!({ "rule_files": names, "evaluation_interval": "1m", "tests": tests });
        let path = self.path("rules").join("lab-check.yml");
        fs::write(&path, document.to_string())
            .map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))?;
        let output = ctx.tool("promtool")?.run(&["test", "rules", &path.display().to_string()], &[]).await?;
        expect::exit(&output, "promtool test rules, on what your command made", 0)
    }
}

/// The rule files of a folder.
///
/// # Errors
/// There is none.
pub(super) fn rule_files(folder: &std::path::Path) -> Result<Vec<PathBuf>, Fault> {
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let mut files: Vec<PathBuf> = entries.unwrap_or_default();
    files.retain(|path| path.to_string_lossy().ends_with(".rules.yml"));
    files.sort();
    expect::holds("the folder of --out", !files.is_empty(), "files *.rules.yml", "none")?;
    Ok(files)
}

/// Every rule of these files.
pub(super) fn all_rules(files: &[PathBuf]) -> Result<Vec<Value>, Fault> {
    let mut rules = Vec::new();
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bad = |reason: String| Fault::failed(&name, "a file of Prometheus' rules", reason);
        let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
        let file: Value = serde_saphyr::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let groups = expect::list(&file, "/groups");
        rules.extend(groups.iter().flat_map(|group| expect::list(group, "/rules").to_vec()));
    }
    Ok(rules)
}

/// Events a minute, of which a share is bad, for so many minutes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) minutes: u32,
    pub(super) events: f64,
    pub(super) bad: f64,
}

impl Objective {
    /// The series of this objective as these stretches follow each other, in promtool's notation, one sample a minute.
    pub(super) fn series(&self, stretches: &[Stretch]) -> Vec<Value> {
        let of = |outcome: &str, share: &dyn Fn(&Stretch) -> f64| {
            let (mut count, mut values) = (0.0, String::from("0"));
            for stretch in stretches {
                let each = stretch.events * share(stretch);
                values.push_str(&format!(" {}+{each}x{}", count + each, stretch.minutes - 1));
                count += each * f64::from(stretch.minutes);
            }
            json!({ "series": format!("{}{{outcome=\"{outcome}\"}}", self.counter), "values": values })
        };
        vec![of("bad", &|stretch| stretch.bad), of("good", &|stretch| 1.0 - stretch.bad)]
    }

    /// At this minute it fires at this severity, or does not.
    pub(super) fn fires(&self, minute: u32, severity: &str, firing: bool) -> Value {
        let alerts = format!("ALERTS{{alertstate=\"firing\", severity=\"{severity}\", slo=\"{}\"}}", self.name);
        truth(&format!("count({alerts}) > bool 0 or vector(0)"), minute, firing)
    }
}

/// A question with 1 for yes and 0 for no.
pub(super) fn truth(expr: &str, minute: u32, yes: bool) -> Value {
    let sample = json!({ "labels": "{}", "value": u8::from(yes) });
    json!({ "expr": expr, "eval_time": format!("{minute}m"), "exp_samples": [sample] })
}

/// A test of promtool.
pub(super) fn test(name: &str, series: Vec<Value>, questions: Vec<Value>) -> Value {
    json!({ "name": name, "interval": "1m", "input_series": series, "promql_expr_test": questions })
}
