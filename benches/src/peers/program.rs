//! Where the peers' programs are. None of them is needed: what is missing is told, with how to get it.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::load::Problem;

/// Where Debian puts servers, which is in the `PATH` of root alone.
const ADMINISTRATORS: &str = "/usr/sbin";

/// How long a program may take to tell its version.
const SOON: Duration = Duration::from_secs(10);

/// A program that is installed.
#[derive(Debug, Clone)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// What it says that it is.
    pub version: String,
}

/// A program that may be installed.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Its file's name.
    pub name: &'static str,
    /// How one comes by it.
    pub how: &'static str,
}

/// The relay, built from crates.io.
pub const NOSTR: Wanted = Wanted {
    name: "nostr-rs-relay",
    how: "benches/README.md tells how it is built, --nostr PATH where it is",
};

/// The server of messages, as Debian has it.
pub const NATS: Wanted = Wanted {
    name: "nats-server",
    how: "apt-get install nats-server, or --nats PATH",
};

impl Wanted {
    /// Looks where it was said to be, or else in a search path. What to say of one that is not installed comes back in its place.
    ///
    /// # Errors
    /// A path that was given and is no program, or does not tell its version.
    pub async fn find(
        self,
        given: Option<&Path>,
        search: Option<&OsStr>,
    ) -> Result<Result<Program, String>, Problem> {
        let path = match given {
            Some(path) if path.is_file() => Some(path.to_owned()),
            Some(path) => {
                let words = format!(
                    "{} is no file; give {}'s program",
                    path.display(),
                    self.name
                );
                return Err(Problem::new(words));
            }
            None => self.in_path(search),
        };
        let Some(path) = path else {
            return Ok(Err(self.missing()));
        };
        match version(&path).await {
            Ok(version) => Ok(Ok(Program { path, version })),
            Err(problem) if given.is_none() => Ok(Err(problem.to_string())),
            Err(problem) => Err(problem),
        }
    }

    /// What is said of a program that is not installed.
    pub fn missing(self) -> String {
        format!("not installed; {}", self.how)
    }

    fn in_path(self, path: Option<&OsStr>) -> Option<PathBuf> {
        let folders = path.map(env::split_paths).into_iter().flatten();
        let folders = folders.chain([PathBuf::from(ADMINISTRATORS)]);
        folders
            .map(|folder| folder.join(self.name))
            .find(|path| path.is_file())
    }
}

async fn version(path: &Path) -> Result<String, Problem> {
    let mut command = Command::new(path);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(SOON, command.output()).await;
    let output = output.map_err(Problem::at(format!("{} --version", path.display())))?;
    let output = output.map_err(Problem::at(path.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.split_whitespace().next_back();
    let version = last.map(|word| word.trim_start_matches('v').to_owned());
    version.ok_or_else(|| Problem::new(format!("{} tells no version", path.display())))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_program_is_found_where_the_path_says() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = Wanted {
            name: "a-server-that-nobody-has",
            how: "",
        };
        let path = env::join_paths([Path::new("/nowhere"), folder.path()]).unwrap();
        assert_eq!(wanted.in_path(Some(&path)), None);
        let program = folder.path().join(wanted.name);
        fs::write(&program, "").unwrap();
        assert_eq!(wanted.in_path(Some(&path)), Some(program));
        assert_eq!(wanted.in_path(None), None);
    }

    #[tokio::test]
    async fn a_program_that_does_not_run_is_told_and_is_an_error_only_if_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join(NOSTR.name);
        fs::write(&program, "").unwrap();
        let told = program.display().to_string();
        let search = Some(folder.path().as_os_str());
        let found = NOSTR.find(None, search).await.unwrap();
        assert!(found.unwrap_err().starts_with(&told));
        let problem = NOSTR.find(Some(&program), search).await.unwrap_err();
        assert!(problem.to_string().starts_with(&told), "{problem}");
    }

    #[tokio::test]
    async fn a_path_that_was_given_and_is_no_file_is_told() {
        let given = Path::new("/nowhere/relay");
        let problem = NOSTR.find(Some(given), None).await.unwrap_err().to_string();
        assert_eq!(
            problem,
            "/nowhere/relay is no file; give nostr-rs-relay's program"
        );
    }
}
