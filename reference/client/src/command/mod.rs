//! The command line of `dispatch`: what it takes, and who does it. What is asked for goes to standard output, as lines for
//! people or with `--json` as JSON lines; everything else, progress and what went wrong, to standard error.

mod files;
mod home;
mod keys;
mod show;
mod talk;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use owo_colors::OwoColorize as _;

use crate::error::Error;
use home::Home;
use show::Output;

const EXAMPLES: &str = "\
Examples:
  dispatch keygen                     make an account
  dispatch join 'https://chat.example.org/#dispatch-d/1/STi6...'
  dispatch send -                     what you type, up to Ctrl-D
  dispatch tail                       read along until Ctrl-C
  dispatch history --last 20 --json

Everything lies in one folder: --home, else DISPATCH_HOME, else dispatch under XDG_DATA_HOME or ~/.local/share.

Exit codes: 0 done, 1 failed (or `verify` found damage, or the server is not to be trusted), 2 something that you have to \
mend first.";

/// A member of dispatch-d communities: chat without a company.
#[derive(Parser)]
#[command(name = "dispatch", version, after_help = EXAMPLES, max_term_width = 100)]
struct CommandLine {
    /// The folder of the account and its communities
    #[arg(long, global = true, value_name = "DIR", env = "DISPATCH_HOME")]
    home: Option<PathBuf>,
    /// Write JSON, one object a line, for programs
    #[arg(long, global = true)]
    json: bool,
    /// Read the passphrase from the first line of this file instead of asking for it
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DISPATCH_PASSPHRASE_FILE"
    )]
    passphrase_file: Option<PathBuf>,
    /// The community, by the first letters of its id, where there are several
    #[arg(
        long,
        short,
        global = true,
        value_name = "ID",
        allow_hyphen_values = true
    )]
    community: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make an account: a key that only this folder has
    Keygen(Keygen),
    /// Show the account's id, and what to send to a community's owner
    Id {
        /// Show the public key alone, as an owner's allowlist takes it
        #[arg(long)]
        key: bool,
    },
    /// Show the link that leads others to the community
    Invite,
    /// Join the community of an invitation, and verify all of it
    Join {
        /// The link that a member or the owner gave
        invitation: String,
    },
    /// Say something, to everyone or to some
    Send(Send),
    /// Read along: what is said, who comes and goes, until Ctrl-C
    Tail {
        /// Begin with so many messages of before
        #[arg(long, value_name = "N", default_value_t = 10)]
        last: usize,
    },
    /// Show messages
    History(History),
    /// Show who is on the roster
    Members {
        /// Show what is stored, without asking the server
        #[arg(long)]
        offline: bool,
    },
    /// Call a member by a name, on this device alone
    Name {
        /// The member, by the first letters of the id
        #[arg(allow_hyphen_values = true)]
        member: String,
        /// The name, 1 to 255 bytes
        name: String,
    },
    /// Let a member who came late read what all others can; everyone sees that you did
    Share {
        /// The member, by the first letters of the id, or by name
        #[arg(allow_hyphen_values = true)]
        member: String,
    },
    /// Take a message's words away for good: your own, or as the owner anyone's
    Redact {
        /// The message's number, as `history` shows it
        index: u64,
        /// Why, for everyone to read
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Write the verified chain as JSON lines: a block each, and the highest checkpoint
    Export {
        /// A new file; without one, standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Write all that makes this member to a file under a passphrase: key, cards, communities, names
    Backup {
        /// A new file
        file: PathBuf,
    },
    /// Fill a new home from a backup
    Restore(Restore),
    /// Check a chain (JSON lines), a store (a folder) or a file of evidence, without a server
    Verify {
        /// The file or folder
        path: PathBuf,
    },
    /// Write a script that completes commands for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the man page
    Man,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatch keygen
  dispatch keygen --import ~/.ssh/id_rsa.pem
  dispatch keygen --no-passphrase --home ./bot

The key lies in the home folder as a backup under your passphrase. There is no way to get it back without: make a backup, \
and keep the passphrase.")]
struct Keygen {
    /// The size of the key: 2048, 3072 or 4096 bits
    #[arg(long, default_value_t = 2048, value_parser = bits)]
    bits: u32,
    /// Take this private key (PKCS#8 in PEM) instead of making one
    #[arg(long, value_name = "FILE", conflicts_with = "bits")]
    import: Option<PathBuf>,
    /// Store the key as PEM that every program of yours can read
    #[arg(long)]
    no_passphrase: bool,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dispatch send -                     what you type, up to Ctrl-D
  dispatch send --to w4GkzY8Z --to Bob - < letter.txt
  uptime | dispatch send --channel servers -
  dispatch send \"Hello, all.\"         in one line; it then stands in the shell's history, too

It is stored before it is sent. If the connection or this program ends before the answer, the next `dispatch` sends it \
again, and it is said once.")]
struct Send {
    /// What to say; - reads it from standard input, so that it is in no list of commands and programs
    text: String,
    /// For this member and yourself alone, by the first letters of the id or by name; may be repeated
    #[arg(long, value_name = "MEMBER", allow_hyphen_values = true)]
    to: Vec<String>,
    /// The number of the message that this one answers
    #[arg(long, value_name = "INDEX")]
    reply_to: Option<u64>,
    /// Where it is said: 1 to 64 bytes
    #[arg(long)]
    channel: Option<String>,
}

#[derive(Args)]
struct History {
    /// From this block on
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    from: u64,
    /// The last so many
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    /// Show what is stored, without asking the server
    #[arg(long)]
    offline: bool,
}

#[derive(Args)]
struct Restore {
    /// The backup
    file: PathBuf,
    /// Store the key as PEM that every program of yours can read
    #[arg(long)]
    no_passphrase: bool,
}

/// Runs `dispatch` with these arguments, the program's name first, and returns its exit code.
pub fn run<I, T>(arguments: I) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(answer) => {
            let _ = answer.print();
            return ExitCode::from(if answer.use_stderr() { 2 } else { 0 });
        }
    };
    match execute(line) {
        Ok(code) => code,
        Err(error) => {
            anstream::eprintln!("{} {error}", "dispatch:".bold());
            ExitCode::from(error.exit_code())
        }
    }
}

fn execute(line: CommandLine) -> Result<ExitCode, Error> {
    let output = Output { json: line.json };
    let mut program = CommandLine::command();
    match &line.command {
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut program, "dispatch", &mut std::io::stdout());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Man => {
            let page = clap_mangen::Man::new(program);
            page.render(&mut std::io::stdout())
                .map_err(|error| Error::Usage(error.to_string()))?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Verify { path } => return verify::run(path, &output),
        _ => {}
    }
    let home = Home::find(line.home, line.passphrase_file, line.community)?;
    match line.command {
        Command::Keygen(arguments) => keys::keygen(&home, &arguments, &output)?,
        Command::Id { key } => keys::id(&home, key, &output)?,
        Command::Invite => talk::invite(&home, &output)?,
        Command::Join { invitation } => talk::join(&home, &invitation, &output)?,
        Command::Send(arguments) => talk::send(&home, &arguments, &output)?,
        Command::Tail { last } => talk::tail(&home, last, &output)?,
        Command::History(arguments) => talk::history(&home, &arguments, &output)?,
        Command::Members { offline } => talk::members(&home, offline, &output)?,
        Command::Name { member, name } => files::name(&home, &member, &name)?,
        Command::Share { member } => talk::share(&home, &member, &output)?,
        Command::Redact { index, reason } => talk::redact(&home, index, &reason, &output)?,
        Command::Export { output: file } => files::export(&home, file.as_deref())?,
        Command::Backup { file } => files::backup(&home, &file, &output)?,
        Command::Restore(arguments) => files::restore(&home, &arguments, &output)?,
        Command::Verify { .. } | Command::Completions { .. } | Command::Man => {
            unreachable!("done above")
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn bits(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(bits @ (2048 | 3072 | 4096)) => Ok(bits),
        _ => Err("2048, 3072 or 4096".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_begins_with_a_hyphen_is_no_option() {
        let parsed = |words: &[&str]| {
            CommandLine::try_parse_from([&["dispatch"], words].concat()).map(|line| line.command)
        };
        let sent = parsed(&["send", "--to", "-n_B3Gwk", "--to", "Bob", "-"]).unwrap();
        assert!(
            matches!(sent, Command::Send(Send { to, text, .. }) if to == ["-n_B3Gwk", "Bob"] && text == "-")
        );
        let named = parsed(&["name", "-n_B3Gwk", "Bob", "--json"]).unwrap();
        assert!(
            matches!(named, Command::Name { member, name } if member == "-n_B3Gwk" && name == "Bob")
        );
        let shared = parsed(&["share", "--json", "-n_B3Gwk"]).unwrap();
        assert!(matches!(shared, Command::Share { member } if member == "-n_B3Gwk"));
        let line = CommandLine::try_parse_from(["dispatch", "-c", "-n_B3Gwk", "members"]).unwrap();
        assert_eq!(line.community.as_deref(), Some("-n_B3Gwk"));
    }
}
