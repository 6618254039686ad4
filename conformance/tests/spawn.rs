//! `run --spawn` and its neighbours as a person meets them: wrong templates, servers that do not start or do not come back,
//! what is left running, and places that are not the server's.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use dispatch_conformance::{
    control::{self, Faults},
    spawn::{CommandTemplate, Spawner},
};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_dispatch-conformance");

/// The quickest case that restarts its server.
const CASE: &str = "restart-challenge-is-worthless";

fn suite(arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).output().expect("the suite runs")
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A template in which a shell does something and then becomes the control server.
fn control_after(script: &str) -> String {
    format!("sh -c '{script} exec \"{PROGRAM}\" control --config \"$0\"' {{config}}")
}

fn assert_ends(arguments: &[&str], code: i32, says: &[&str]) {
    let begun = Instant::now();
    let output = suite(arguments);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    for words in says {
        assert!(said.contains(words), "{arguments:?}: {words}: {said}");
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{arguments:?}");
}

#[test]
fn a_template_that_cannot_work_is_refused_with_what_to_do() {
    assert_ends(&["run", "--spawn", "my-server"], 2, &["{config}"]);
    assert_ends(
        &["run", "--spawn", "my-server '{config}"],
        2,
        &["not closed"],
    );
    assert_ends(&["run", "--spawn", ""], 2, &["wants a command"]);
    assert_ends(
        &["run", "ws://127.0.0.1:1", "--spawn", "my-server {config}"],
        2,
        &["--spawn starts the server itself"],
    );
}

#[test]
fn a_server_that_does_not_start_is_told_with_its_last_lines() {
    assert_ends(
        &["run", "--spawn", "/no/such/server {config}", CASE],
        2,
        &["`/no/such/server` cannot be run", "PATH"],
    );
    assert_ends(
        &[
            "run",
            "--spawn",
            "sh -c 'echo no disk; exit 3' {config}",
            CASE,
        ],
        3,
        &[
            "exit status: 3",
            "before it listened on 127.0.0.1:",
            "no disk",
        ],
    );
    assert_ends(
        &["run", "--spawn", "true {config}", CASE],
        3,
        &["exit status: 0", "it said nothing"],
    );
}

#[test]
fn a_server_that_never_listens_is_given_up_and_nothing_of_it_is_left() {
    let keep = tempfile::tempdir().expect("a temporary folder");
    let folder = keep.path().to_str().expect("UTF-8");
    // A wrapper that waits for a child of its own: both have to go.
    let never = "sh -c 'sleep 600 & echo $! > \"${0%/*}/child\"; echo waiting; wait' {config}";
    let arguments = [
        "run",
        "--spawn",
        never,
        "--wait-ready",
        "0.5",
        "--keep",
        folder,
        CASE,
    ];
    assert_ends(
        &arguments,
        3,
        &["does not listen on 127.0.0.1:", "500ms", "waiting"],
    );
    let child = fs::read_to_string(keep.path().join("server/child")).expect("the child's id");
    assert!(!is_running(child.trim()), "process {child} is left");
}

/// Whether a process does anything any more; one that only waits for its new parent to notice its end does not.
fn is_running(id: &str) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(id).join("status"));
    status.is_ok_and(|status| !status.contains("State:\tZ") && !status.contains("State:\tX"))
}

#[test]
fn a_server_that_does_not_come_back_after_a_kill_has_crashed_and_its_words_are_shown() {
    let once =
        "if mkdir \"${0%/*}/began\" 2>&-; then :; else echo the store is locked; exit 9; fi;";
    let template = control_after(once);
    assert_ends(
        &["run", "--spawn", &template, CASE],
        1,
        &[
            "CRASHED",
            "a server that starts again",
            "the store is locked",
        ],
    );
}

#[test]
fn a_wrapper_that_stays_beside_its_server_is_killed_with_it() {
    let template = format!("sh -c '\"{PROGRAM}\" control --config \"$0\" & wait' {{config}}");
    assert_ends(
        &[
            "run",
            "--spawn",
            &template,
            CASE,
            "restart-repeat-gets-its-receipt",
        ],
        0,
        &["2 passed, 0 failed"],
    );
}

#[test]
fn a_faulty_server_fails_and_the_command_that_plays_the_case_again_holds_the_template() {
    let template = format!("'{PROGRAM}' control --fault JOIN-21 --config {{config}}");
    let output = suite(&["run", "--spawn", &template, CASE]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("JOIN-21") && said.contains("--spawn '"),
        "{said}"
    );
}

#[test]
fn what_a_server_is_told_keeps_the_schema_and_all_of_it_is_described() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = fs::read_to_string(root.join("spawn/config.schema.json")).expect("the schema");
    let mut schema: Value = serde_json::from_str(&schema).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
    // What is written is described; a reader takes more.
    schema["additionalProperties"] = false.into();
    schema["properties"]["limits"]["additionalProperties"] = false.into();
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");

    let keep = tempfile::tempdir().expect("a temporary folder");
    let spawner = Spawner {
        command: CommandTemplate::of(Path::new(PROGRAM), &["{config}"]),
        ready_within: Duration::from_secs(1),
        stop_within: Duration::from_secs(1),
        keep: Some(keep.path().to_owned()),
    };
    let own = [("session_ms".to_owned(), 1000)].into();
    for name in ["one", "one"] {
        spawner.prepare(name, &own).expect("a folder");
    }
    for folder in ["one", "one-2"] {
        let text = fs::read_to_string(keep.path().join(folder).join("config.json"));
        let config: Value = serde_json::from_str(&text.expect("a file")).expect("JSON");
        let faults: Vec<_> = validator
            .iter_errors(&config)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(config["limits"]["session_ms"], 1000);
        assert!(PathBuf::from(config["allowlist"].as_str().expect("a path")).is_file());
    }
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let members = schema["properties"].as_object().expect("members").keys();
    for member in members {
        assert!(readme.contains(&format!("| `{member}` |")), "{member}");
    }
}

#[test]
fn the_control_server_takes_no_keys_and_limits_but_those_that_it_has() {
    let keep = tempfile::tempdir().expect("a temporary folder");
    let told = |line: &str, other: &str| {
        let path = keep.path().join("config.json");
        let spawner = Spawner {
            command: CommandTemplate::of(Path::new(PROGRAM), &["{config}"]),
            ready_within: Duration::from_secs(1),
            stop_within: Duration::from_secs(1),
            keep: Some(keep.path().to_owned()),
        };
        let process = spawner
            .prepare("server", &Default::default())
            .expect("a folder");
        process.config().write(&path).expect("written");
        let text = fs::read_to_string(&path).expect("readable");
        assert!(text.contains(line), "{text}");
        fs::write(&path, text.replace(line, other)).expect("writable");
        let output = suite(&["control", "--config", path.to_str().expect("UTF-8")]);
        assert_eq!(output.status.code(), Some(2));
        said(&output)
    };
    assert!(told("\"wraps\": 1024", "\"wraps\": 8").contains("wraps is 1024"));
    assert!(told("server.test-key.pem", "authority.test-key.pem").contains("own `server` key"));
    assert!(told("server under test", "servant under test").contains("`format`"));
    assert!(told("\"limits\"", "\"limit\"").contains("limits"));
}

#[tokio::test(flavor = "multi_thread")]
async fn places_that_are_not_the_servers_are_no_proof() {
    let server = control::start(Faults::none()).await.expect("a port");
    let url = server.url.replace("http", "ws");
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let folder = elsewhere.path().to_str().expect("UTF-8").to_owned();
    let case = "secrets-only-hashes-of-tokens-in-the-store";
    let run = |arguments: &[&str], code: i32, says: &[&str]| {
        let arguments = [&["run"], arguments].concat();
        assert_ends(&arguments, code, says);
    };
    tokio::task::block_in_place(|| {
        run(
            &[&url, case, "--data-dir", &folder],
            1,
            &["UNTESTABLE", "nothing in", "changed during the run"],
        );
        run(
            &[&url, case, "--data-dir", "/no/such"],
            2,
            &["there is no such folder"],
        );
        run(
            &[&url, case, "--server-log", "/no/such"],
            2,
            &["there is no such file"],
        );
        run(&[case, "--data-dir", &folder], 2, &["give its URL"]);
        run(&[&url, case], 0, &["UNSUPPORTED", case, "--data-dir DIR"]);
    });
    server.shutdown().await;
}
