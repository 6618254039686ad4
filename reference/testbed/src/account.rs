//! Whose PostgreSQL is: it refuses to run as root, so root runs it as the account that Debian's package makes.

use std::os::unix::fs::chown;
use std::path::Path;

use crate::Problem;

/// An account of the system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Account {
    /// The account that PostgreSQL has to run as; none if one's own will do.
    ///
    /// # Errors
    /// There is no such account.
    pub(crate) fn of_postgres() -> Result<Option<Account>, Problem> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let path = "/etc/passwd";
        let text = std::fs::read_to_string(path).map_err(Problem::at(path))?;
        let found = text.lines().find_map(|line| find(line, "postgres"));
        found.map(Some).ok_or_else(|| {
            Problem::new(
                "PostgreSQL does not run as root, and there is no user `postgres`; `apt-get install postgresql-15` makes one",
            )
        })
    }

    /// Gives it a file or a folder.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn owns(account: Option<Account>, path: &Path) -> Result<(), Problem> {
        match account {
            Some(Account { user, group }) => {
                chown(path, Some(user), Some(group)).map_err(Problem::at(path.display()))
            }
            None => Ok(()),
        }
    }
}

fn find(line: &str, name: &str) -> Option<Account> {
    let mut fields = line.split(':');
    if fields.next() != Some(name) {
        return None;
    }
    let mut number = fields.skip(1).map(|field| field.parse().ok());
    Some(Account {
        user: number.next()??,
        group: number.next()??,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let line = "postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash";
        let found = find(line, "postgres").unwrap();
        assert_eq!((found.user, found.group), (101, 104));
        assert!(find(line, "post").is_none());
        assert!(find("postgres:x:none:104:::", "postgres").is_none());
    }
}
