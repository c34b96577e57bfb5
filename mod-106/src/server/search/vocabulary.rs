//! What can be searched: the entities and attributes of runs, experiments, registered models and model versions.
//!
//! Data only; `filter.rs` and `order_by.rs` read against it.

/// What a clause looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A metric's latest value.
    Metric,
    /// A param.
    Param,
    /// A tag.
    Tag,
    /// A field of the thing itself.
    Attribute,
    /// A field of a dataset among a run's inputs.
    Dataset,
}

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers, compared by size.
    Number,
    /// Text, compared by equality and patterns.
    Text,
    /// Text that can also be compared with a list.
    ListedText,
}

/// An attribute: how it is spelled, the column it means, and what it holds.
#[derive(Debug)]
pub struct Attribute {
    /// The spelling in a filter.
    pub spelling: &'static str,
    /// The name that `store/` knows.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What a search over one kind of thing understands.
#[derive(Debug)]
pub struct Vocabulary {
    /// The words before the dot.
    pub entities: &'static [(&'static str, Entity)],
    /// The entities to name when a word is none of them.
    pub entity_names: &'static str,
    /// Attributes that can be filtered by.
    pub attributes: &'static [Attribute],
    /// Attributes that can be ordered by: spelling and name.
    pub orderings: &'static [(&'static str, &'static str)],
    /// Whether text attributes take `NOT IN` beside `IN`.
    pub takes_not_in: bool,
}

const fn attribute(spelling: &'static str, name: &'static str, kind: Kind) -> Attribute {
    Attribute { spelling, name, kind }
}

/// Runs.
pub const RUNS: Vocabulary = Vocabulary {
    entities: &[
        ("metric", Entity::Metric),
        ("metrics", Entity::Metric),
        ("parameter", Entity::Param),
        ("parameters", Entity::Param),
        ("param", Entity::Param),
        ("params", Entity::Param),
        ("tag", Entity::Tag),
        ("tags", Entity::Tag),
        ("attribute", Entity::Attribute),
        ("attributes", Entity::Attribute),
        ("attr", Entity::Attribute),
        ("run", Entity::Attribute),
        ("dataset", Entity::Dataset),
        ("datasets", Entity::Dataset),
    ],
    entity_names: "['metric', 'parameter', 'tag', 'attribute', 'dataset']",
    attributes: &[
        attribute("run_id", "run_id", Kind::ListedText),
        attribute("run_name", "run_name", Kind::Text),
        attribute("run name", "run_name", Kind::Text),
        attribute("Run name", "run_name", Kind::Text),
        attribute("Run Name", "run_name", Kind::Text),
        attribute("user_id", "user_id", Kind::Text),
        attribute("status", "status", Kind::Text),
        attribute("artifact_uri", "artifact_uri", Kind::Text),
        attribute("start_time", "start_time", Kind::Number),
        attribute("created", "start_time", Kind::Number),
        attribute("Created", "start_time", Kind::Number),
        attribute("end_time", "end_time", Kind::Number),
    ],
    orderings: &[
        ("run_id", "run_id"),
        ("run_name", "run_name"),
        ("user_id", "user_id"),
        ("status", "status"),
        ("artifact_uri", "artifact_uri"),
        ("start_time", "start_time"),
        ("created", "start_time"),
        ("Created", "start_time"),
        ("end_time", "end_time"),
    ],
    takes_not_in: true,
};

const TAGS_AND_ATTRIBUTES: &[(&str, Entity)] =
    &[("attribute", Entity::Attribute), ("tag", Entity::Tag), ("tags", Entity::Tag)];
const TAGS_AND_ATTRIBUTES_NAMES: &str = "('attribute', 'tag', 'tags')";

/// Experiments.
pub const EXPERIMENTS: Vocabulary = Vocabulary {
    entities: TAGS_AND_ATTRIBUTES,
    entity_names: TAGS_AND_ATTRIBUTES_NAMES,
    attributes: &[
        attribute("name", "name", Kind::Text),
        attribute("creation_time", "creation_time", Kind::Number),
        attribute("last_update_time", "last_update_time", Kind::Number),
    ],
    orderings: &[
        ("name", "name"),
        ("experiment_id", "experiment_id"),
        ("creation_time", "creation_time"),
        ("last_update_time", "last_update_time"),
    ],
    takes_not_in: false,
};

/// Registered models.
pub const REGISTERED_MODELS: Vocabulary = Vocabulary {
    entities: TAGS_AND_ATTRIBUTES,
    entity_names: TAGS_AND_ATTRIBUTES_NAMES,
    attributes: &[attribute("name", "name", Kind::Text)],
    orderings: &[
        ("name", "name"),
        ("timestamp", "last_updated_timestamp"),
        ("last_updated_timestamp", "last_updated_timestamp"),
    ],
    takes_not_in: false,
};

/// Model versions.
pub const MODEL_VERSIONS: Vocabulary = Vocabulary {
    entities: TAGS_AND_ATTRIBUTES,
    entity_names: TAGS_AND_ATTRIBUTES_NAMES,
    attributes: &[
        attribute("name", "name", Kind::Text),
        attribute("version_number", "version_number", Kind::Number),
        attribute("run_id", "run_id", Kind::ListedText),
        attribute("source_path", "source_path", Kind::Text),
    ],
    orderings: &[
        ("name", "name"),
        ("version_number", "version_number"),
        ("creation_timestamp", "creation_timestamp"),
        ("last_updated_timestamp", "last_updated_timestamp"),
    ],
    takes_not_in: false,
};

/// The fields of a dataset that runs can be filtered by.
pub const DATASET_FIELDS: [&str; 3] = ["name", "digest", "context"];
