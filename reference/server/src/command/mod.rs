//! The command line of `dispatchd`: what it takes, and who does it. Each command stands in its own file and prints to
//! standard output; what went wrong is one line on standard error and the exit code.

mod allowlist;
mod backup;
mod export;
mod init;
mod migrate;
mod progress;
mod redact;
mod restore;
mod roster;
mod serve;
mod verify;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use dispatch_protocol::bytes::Id;
use owo_colors::OwoColorize as _;

use crate::config::{Config, file_in};
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  dispatchd init ./community --name \"Our street\"     found a community
  dispatchd allow -c ./community ~/.ssh/id_rsa.pub   let a member in
  dispatchd serve ./community                        run it on http://127.0.0.1:7311
  dispatchd verify ./community                       check every block on disk
  dispatchd backup -c ./community /backups/monday    copy it, while it runs

Exit codes: 0 done, 1 failed (or `verify` found damage), 2 something that you have to mend first.";

/// How a PEM block begins.
const PEM: &[u8] = b"-----BEGIN ";

/// The server of a dispatch-d community: chat without a company.
#[derive(Parser)]
#[command(name = "dispatchd", version, after_help = EXAMPLES, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Found a community: keys, block 0, an allowlist and a commented configuration in a new folder
    Init(InitArguments),
    /// Run the server until SIGINT or SIGTERM
    Serve(ServeArguments),
    /// Put members' public keys on the allowlist
    Allow(AllowArguments),
    /// Take members off the allowlist
    Deny(DenyArguments),
    /// Remove messages' ciphertexts for good, shown on the chain
    Redact(RedactArguments),
    /// Show who is on the roster
    #[command(after_help = "\
Example:
  dispatchd roster ./community

Shows each account's id, the block since which it is a member, the size of its key, and its name on the allowlist. A \
running server is not disturbed.")]
    Roster(Place),
    /// Check the whole chain on disk: every hash, link, rule and signature
    #[command(after_help = "\
Example:
  dispatchd verify ./community && echo good

Damage is told with the block where it begins, and exit code 1. Nothing is ever mended: put a backup or a member's copy \
in the store's place.")]
    Verify(Place),
    /// Copy a community's folder while its server runs, and verify the copy
    Backup(BackupArguments),
    /// Move a stopped server's chain into a PostgreSQL database, which several servers may share
    Migrate(MigrateArguments),
    /// Make a community's folder of a backup
    Restore(RestoreArguments),
    /// Write the chain as text, a block a line
    Export(ExportArguments),
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatchd backup -c ./community /backups/2026-03-01
  dispatchd backup -c ./community --without-keys /backups/2026-03-01

The folder gets the chain, the configuration, the allowlist and the keys, and at last a manifest.json with the sum of \
each; one without it is no backup. The copy is verified whole before the command says that it is good. Nothing is ever \
overwritten. A message that is redacted later stays in the backup: remove old ones.")]
struct BackupArguments {
    /// The backup's folder; it must not exist yet, or be empty
    dest: PathBuf,
    /// The community's folder or configuration file
    #[arg(short, long, value_name = "PATH", default_value = ".")]
    config: PathBuf,
    /// Leave the private keys out
    #[arg(long)]
    without_keys: bool,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatchd migrate ./community --ledger postgres://dispatchd@db.example.org/community

The password comes from the environment's PGPASSWORD. Every block is verified where it was and where it came to, before the \
configuration names the database. A move that broke off goes on where it stopped. The old store is kept beside, under \
another name, so that nobody serves it by mistake.")]
struct MigrateArguments {
    #[command(flatten)]
    place: Place,
    /// The database: postgres://user@host/database. The user needs a database of its own
    #[arg(long, value_name = "URL")]
    ledger: String,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatchd restore /backups/2026-03-01 ./community
  dispatchd restore /backups/2026-03-01 ./community --blocks chain.jsonl

What was said after the backup was made is not in it, and members who have seen it are told of a rollback by their \
clients. A member still holds it: with the file that `dispatch export` writes, --blocks appends the later blocks, each \
verified, as far as a checkpoint in it shows that the server had signed them.")]
struct RestoreArguments {
    /// The backup's folder
    backup: PathBuf,
    /// The community's folder; it must not exist yet, or be empty
    dir: PathBuf,
    /// An export of the chain that goes further than the backup
    #[arg(long, value_name = "FILE")]
    blocks: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatchd export ./community > chain.jsonl && dispatch verify chain.jsonl
  dispatchd export ./community --from 1000 --output since-1000.jsonl

Each line is a block in JSON, the last one the server's newest checkpoint. Messages stay encrypted; a redacted one has no \
ciphertext. A running server is not disturbed.")]
struct ExportArguments {
    #[command(flatten)]
    place: Place,
    /// Write to this new file, which has its name when it is whole
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The first block to write
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    from: u64,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatchd init ./community
  dispatchd init ./community --name \"Our street\" --origin https://chat.example.org --allow keys.txt
  dispatchd init ./community --origin https://chat.example.org --bind 0.0.0.0:443 \\
    --certificate fullchain.pem --certificate-key privkey.pem

The folder gets dispatchd.toml, the keys, the chain and the allowlist. Keep authority-key.pem safe: whoever has it \
decides who is a member. Nothing is ever overwritten, and a refused init leaves nothing behind.")]
struct InitArguments {
    /// The new community's folder; it must not exist yet, or be empty
    dir: PathBuf,
    /// The community's name, 1 to 128 bytes
    #[arg(long, default_value = "A dispatch-d community")]
    name: String,
    /// Where the server listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7311", value_parser = address)]
    bind: SocketAddr,
    /// An origin by which members dial the server, such as https://chat.example.org; may be repeated. Without one, the
    /// bound address is taken
    #[arg(long, value_name = "URL")]
    origin: Vec<String>,
    /// The authority's private key (PKCS#8 in PEM); it stays where it is. Without one, a key is made
    #[arg(long, value_name = "FILE")]
    authority_key: Option<PathBuf>,
    /// The server's private key (PKCS#8 in PEM); it stays where it is. Without one, a key is made
    #[arg(long, value_name = "FILE")]
    server_key: Option<PathBuf>,
    /// A certificate with those behind it (PEM), where the server is to speak TLS itself; read again when it changes
    #[arg(long, value_name = "FILE", requires = "certificate_key")]
    certificate: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    certificate_key: Option<PathBuf>,
    /// A file of public keys for the allowlist; may be repeated
    #[arg(long, value_name = "FILE")]
    allow: Vec<PathBuf>,
    /// How long a challenge may be proved, 1 to 60 seconds
    #[arg(long, value_name = "N")]
    challenge_seconds: Option<u64>,
    /// A limit other than the default, such as session_ms=3600000; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    limit: Vec<String>,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatchd serve ./community
  dispatchd serve --config /etc/dispatchd.toml --bind 0.0.0.0:7311

A change to the allowlist is picked up while it runs. Clients speak WebSocket, plain HTTP with long-polling, or \
server-sent events; `transports` in the configuration leaves some out.")]
struct ServeArguments {
    #[command(flatten)]
    place: Place,
    /// Listen here, whatever the configuration says
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    bind: Option<SocketAddr>,
    /// The chain lies in this PostgreSQL database, whatever the configuration says: postgres://user@host/database
    #[arg(long, value_name = "URL")]
    ledger: Option<String>,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatchd allow -c ./community alice.pub bob.pem
  dispatchd allow -c ./community 'ssh-rsa AAAAB3NzaC1yc2E... alice@laptop'
  dispatchd allow -c ./community --name Alice \"$(openssl pkey -in alice.pem -pubout)\"
  ssh alice@laptop cat .ssh/id_rsa.pub | dispatchd allow -c ./community --name Alice -

A key is an RSA public key of 2048 to 4096 bits, as an OpenSSH line or a PEM block.")]
struct AllowArguments {
    /// Files of public keys, keys themselves, or - for standard input
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    /// A name for keys that bring none
    #[arg(long, value_parser = one_line)]
    name: Option<String>,
    /// The community's folder or configuration file
    #[arg(short, long, value_name = "PATH", default_value = ".")]
    config: PathBuf,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatchd deny -c ./community w4GkzY8ZmQn0cUu2oZs3vQ1fWq7J5rT9yXbPdLhK6eA
  dispatchd deny -c ./community w4GkzY8Z alice.pub

A removed member's sessions end at once. What they wrote stays.")]
struct DenyArguments {
    /// Account ids (`dispatchd roster` shows them), or their first letters, at least 8 (write -- before ones that begin with a hyphen); or the key's file or line
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// The community's folder or configuration file
    #[arg(short, long, value_name = "PATH", default_value = ".")]
    config: PathBuf,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatchd redact -c ./community 1207
  dispatchd redact -c ./community 1207 1209 --reason \"a phone number was in it\"
  dispatchd redact -c ./community 1207 --key /media/stick/authority-key.pem

An entry on the chain, signed by the authority's key, says for ever that there was a message, who wrote it and that it was \
removed. The ciphertext leaves the store and its journal, whether the server runs or not, and members' clients delete \
theirs when they read of it. Whoever has read the message has read it; backups that were made before still hold it.")]
struct RedactArguments {
    /// The messages' blocks by their index, as clients show it
    #[arg(required = true, value_name = "INDEX")]
    indices: Vec<u64>,
    /// Why, up to 512 bytes. It stands on the chain in the clear, and every member can read it
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// The authority's private key (PKCS#8 in PEM), where it is not the configured one
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The community's folder or configuration file
    #[arg(short, long, value_name = "PATH", default_value = ".")]
    config: PathBuf,
}

#[derive(Args)]
struct Place {
    /// The community's folder
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// The configuration file, if it is not in that folder
    #[arg(short, long, value_name = "FILE", conflicts_with = "dir")]
    config: Option<PathBuf>,
}

impl Place {
    fn path(&self) -> &Path {
        self.config.as_deref().unwrap_or(&self.dir)
    }

    fn load(&self) -> Result<Config, Error> {
        Config::load(self.path())
    }
}

/// Runs `dispatchd` with these arguments, the program's name first, and returns its exit code.
pub fn run<I, T>(arguments: I) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let arguments = arguments.into_iter().map(Into::into);
    let line = match CommandLine::try_parse_from(arguments.map(no_option)) {
        Ok(line) => line,
        Err(answer) => {
            let _ = answer.print();
            return ExitCode::from(if answer.use_stderr() { 2 } else { 0 });
        }
    };
    let outcome = match line.command {
        Command::Init(arguments) => init::run(arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Allow(arguments) => allowlist::allow(&arguments),
        Command::Deny(arguments) => allowlist::deny(&arguments),
        Command::Redact(arguments) => redact::run(&arguments),
        Command::Roster(place) => roster::run(&place),
        Command::Verify(place) => verify::run(&place),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Migrate(arguments) => migrate::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            anstream::eprintln!("{} {error}", "dispatchd:".bold());
            ExitCode::from(error.exit_code())
        }
    }
}

/// A PEM block begins with hyphens, and so does one id in 64. They are no options for it: a line break before them shows
/// that, and is no part of them.
fn no_option(argument: OsString) -> OsString {
    let is_id = |text: &str| text.starts_with('-') && text.parse::<Id>().is_ok();
    match argument.as_encoded_bytes().starts_with(PEM) || argument.to_str().is_some_and(is_id) {
        true => [OsString::from("\n"), argument].into_iter().collect(),
        false => argument,
    }
}

/// The allowlist that a community's configuration names.
fn allowlist_of(place: &Path) -> Result<PathBuf, Error> {
    Config::load(place)?.allowlist.ok_or_else(|| {
        let hint = "no allowlist is configured; add a line such as: allowlist = \"allowlist\"";
        Error::file(&file_in(place), hint)
    })
}

/// A name that stays in its line of the allowlist.
fn one_line(text: &str) -> Result<String, String> {
    match text.contains(char::is_control) {
        true => Err("a name is one line".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "not an address with a port, such as 127.0.0.1:7311 or [::]:7311".to_owned())
}
