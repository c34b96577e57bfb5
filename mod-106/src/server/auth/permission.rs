//! The ladder of rights: what each of MLflow's four permissions allows.

use crate::server::error::ApiError;

/// What a user may do with an experiment or a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Nothing, not even see it.
    NoPermissions,
    /// Read.
    Read,
    /// Read and write.
    Edit,
    /// Read, write, delete, and give permissions.
    Manage,
}

/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Look.
    Read,
    /// Change.
    Update,
    /// Delete, restore, or give permissions.
    Manage,
}

impl Permission {
    /// All of them, in the order in which MLflow lists them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Edit, Self::Manage, Self::NoPermissions];

    /// The word on the wire and in the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoPermissions => "NO_PERMISSIONS",
            Self::Read => "READ",
            Self::Edit => "EDIT",
            Self::Manage => "MANAGE",
        }
    }

    /// Reads the word.
    ///
    /// # Errors
    /// When it is none of the four.
    pub fn from_word(word: &str) -> Result<Self, ApiError> {
        Self::ALL.into_iter().find(|permission| permission.word() == word).ok_or_else(|| {
            ApiError::invalid(format!(
                "Invalid permission '{word}'. Valid permissions are: ('READ', 'EDIT', 'MANAGE', 'NO_PERMISSIONS')"
            ))
        })
    }

    /// Whether it allows this.
    #[must_use]
    pub fn allows(self, right: Right) -> bool {
        match right {
            Right::Read => self != Self::NoPermissions,
            Right::Update => matches!(self, Self::Edit | Self::Manage),
            Right::Manage => self == Self::Manage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Permission, Right};

    #[test]
    fn each_permission_allows_what_it_says() {
        let rights = [Right::Read, Right::Update, Right::Manage];
        let allowed = |permission: Permission| rights.map(|right| permission.allows(right));
        assert_eq!(allowed(Permission::NoPermissions), [false, false, false]);
        assert_eq!(allowed(Permission::Read), [true, false, false]);
        assert_eq!(allowed(Permission::Edit), [true, true, false]);
        assert_eq!(allowed(Permission::Manage), [true, true, true]);
    }

    #[test]
    fn words_come_back() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_word(permission.word()).unwrap(), permission);
        }
        assert!(Permission::from_word("read").is_err());
    }
}
