//! `dispatchd backup`: a copy of a community's folder, whole or not there, whether or not its server runs.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Deserialize;
use toml::Spanned;

use super::progress::Progress;
use super::verify::{counted, whole};
use super::{BackupArguments, file_in};
use crate::Config;
use crate::clock;
use crate::config::FILE_NAME;
use crate::error::{Error, at};
use crate::init::quoted;
use crate::ledger::SqliteShelf;
use crate::manifest::{Held, Manifest};
use crate::new_folder::{
    ALLOWLIST, AUTHORITY_KEY, MANIFEST, NewFolder, SERVER_KEY, STORE, STORE_FOLDER, make_dir, sync,
};

pub(super) fn run(arguments: &BackupArguments) -> Result<ExitCode, Error> {
    let file = file_in(&arguments.config);
    let config = Config::load(&file)?;
    if let Some(database) = &config.database {
        return Err(Error::configuration(format!(
            "the chain lies in {}, which is backed up by its own means, such as pg_basebackup or pg_dump; `dispatchd export` writes the chain as text",
            database.shown().display()
        )));
    }
    let shelf = SqliteShelf::open(&config.store)?;
    let folder = NewFolder::prepare(&arguments.dest)?;
    let staging = folder.staging();
    make_dir(&staging.join(STORE_FOLDER), false)?;
    {
        let mut progress = Progress::new("pages copied");
        shelf.copy(&staging.join(STORE), &mut |done, of| {
            progress.show(done, of)
        })?;
    }
    let mut names = vec![STORE];
    let keys = Keys::of(&file, &config, arguments.without_keys);
    for (path, name) in &keys.copied {
        copy(path, &staging.join(name))?;
        names.push(name);
    }
    if let Some(allowlist) = config.allowlist.as_ref().filter(|path| path.exists()) {
        copy(allowlist, &staging.join(ALLOWLIST))?;
        names.push(ALLOWLIST);
    }
    if let Some(allowlist) = config.allowlist.as_ref().filter(|path| !path.exists()) {
        let problem =
            "there is no allowlist, though one is configured; without it no server starts";
        return Err(Error::file(allowlist, problem));
    }
    let text = std::fs::read_to_string(&file).map_err(at(&file))?;
    let text =
        carried(&text, &keys.kept_elsewhere).map_err(|problem| Error::file(&file, problem))?;
    write_private(&staging.join(FILE_NAME), text.as_bytes())?;
    names.push(FILE_NAME);

    // What was copied is looked at, not what it was copied from.
    let copied = Config::load(staging)?;
    let good = whole(&copied, &SqliteShelf::open(&copied.store)?)?;
    let state = &good.state;
    let held = Held {
        community: state.community(),
        size: state.size(),
        head: state.head(),
        time: state.time(),
    };
    let manifest = Manifest::of(staging, &names, held, clock::now())?;
    write_private(&staging.join(MANIFEST), manifest.text().as_bytes())?;
    sync(&staging.join(STORE_FOLDER))?;
    let (size, head) = (state.size(), state.head());
    folder.commit()?;

    anstream::println!(
        "good  {} in {}; every signature verified",
        counted(size, "block"),
        arguments.dest.display()
    );
    anstream::println!("community {}  head {head}", manifest.community);
    if !keys.copied.is_empty() {
        anstream::println!(
            "secret   the backup holds {}; keep it where nobody else reads it",
            listed(keys.copied.iter().map(|(_, name)| (*name).to_owned()))
        );
    }
    if !keys.left_out.is_empty() {
        anstream::println!(
            "without  {}; keep a copy elsewhere, since no server starts without the server key",
            listed(keys.left_out.iter().map(|path| path.display().to_string()))
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(" and ")
}

/// The certificate and its key: whoever renews them knows where they lie, so that they are never copied.
const CERTIFICATE: &str = "tls.certificate";
const TLS_KEY: &str = "tls.key";

/// The configured keys, by what becomes of them.
struct Keys {
    /// Those in the community's folder, and their names in the backup.
    copied: Vec<(PathBuf, &'static str)>,
    left_out: Vec<PathBuf>,
    /// Those that are elsewhere and stay there, the certificate among them: the option, and the path that the copied configuration names.
    kept_elsewhere: Vec<(&'static str, PathBuf)>,
}

impl Keys {
    fn of(file: &Path, config: &Config, without: bool) -> Keys {
        let mut keys = Keys {
            copied: Vec::new(),
            left_out: Vec::new(),
            kept_elsewhere: Vec::new(),
        };
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = real(file).parent().map(Path::to_owned).unwrap_or_default();
        let configured = [
            ("server_key", Some(&config.server_key), SERVER_KEY),
            (
                "authority_key",
                config.authority_key.as_ref(),
                AUTHORITY_KEY,
            ),
        ];
        for (option, path, name) in configured {
            let Some(path) = path else { continue };
            let inside = real(path).starts_with(&folder);
            if inside && !without {
                keys.copied.push((path.clone(), name));
                continue;
            }
            if !inside {
                keys.kept_elsewhere.push((option, real(path)));
            }
            keys.left_out.push(path.clone());
        }
        if let Some(tls) = &config.tls {
            // Not where links lead to: a renewal changes that.
            for (option, path) in [(CERTIFICATE, &tls.certificate), (TLS_KEY, &tls.key)] {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                keys.kept_elsewhere.push((option, path));
            }
        }
        keys
    }
}

/// The paths of a configuration, as they are written.
#[derive(Deserialize)]
struct Paths {
    store: Option<Spanned<String>>,
    server_key: Option<Spanned<String>>,
    authority_key: Option<Spanned<String>>,
    allowlist: Option<Spanned<String>>,
    tls: Option<TlsPaths>,
}

#[derive(Deserialize)]
struct TlsPaths {
    certificate: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
}

/// The configuration's text with the paths as they are in a backup, and the owner's words around them as they were.
fn carried(text: &str, elsewhere: &[(&str, PathBuf)]) -> Result<String, String> {
    let paths: Paths = toml::from_str(text).map_err(|cause| cause.message().to_owned())?;
    let mut places = Vec::new();
    let (certificate, tls_key) = paths
        .tls
        .map_or((None, None), |tls| (tls.certificate, tls.key));
    for (option, written, name) in [
        (CERTIFICATE, certificate, ""),
        (TLS_KEY, tls_key, ""),
        ("store", paths.store, STORE),
        ("server_key", paths.server_key, SERVER_KEY),
        ("authority_key", paths.authority_key, AUTHORITY_KEY),
        ("allowlist", paths.allowlist, ALLOWLIST),
    ] {
        let Some(written) = written else { continue };
        let kept = elsewhere.iter().find(|(kept, _)| *kept == option);
        let path = match kept {
            Some((_, path)) => path
                .to_str()
                .ok_or_else(|| format!("{}: the path is not UTF-8 text", path.display()))?,
            None => name,
        };
        places.push((written.span(), quoted(path)));
    }
    // From the end, so that the places before it stay where they are.
    places.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = text.to_owned();
    for (span, path) in places {
        text.replace_range(span, &path);
    }
    Ok(text)
}

/// Copies a file into a new one that only its owner reads.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut source = File::open(from).map_err(at(from))?;
    let mut file = create_private(to)?;
    std::io::copy(&mut source, &mut file)
        .and_then(|_| file.sync_all())
        .map_err(at(to))
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = create_private(path)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(at(path))
}

fn create_private(path: &Path) -> Result<File, Error> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_carried_with_its_paths_set_right_and_its_words_as_they_were() {
        let text = "# ours\nstore = \"/var/x.sqlite\" # big\nserver_key = 'keys/s.pem'\n\
                    authority_key = \"a.pem\"\n[limits]\nwraps = 5\n";
        let elsewhere = [("server_key", PathBuf::from("/etc/keys/s.pem"))];
        assert_eq!(
            carried(text, &elsewhere).unwrap(),
            "# ours\nstore = \"store/chain.sqlite\" # big\nserver_key = \"/etc/keys/s.pem\"\n\
             authority_key = \"authority-key.pem\"\n[limits]\nwraps = 5\n"
        );
        assert_eq!(carried("", &[]).unwrap(), "");
    }
}
