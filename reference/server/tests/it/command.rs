//! `dispatchd` as its owner uses it: its words and exit codes.

use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use crate::community::{Community, key, key_file, public_pem};
use crate::process::{dispatchd, refused, said, text};

#[test]
fn the_help_is_what_a_person_can_follow() {
    let mut help = said(&["--help"]);
    for command in [
        "init", "serve", "allow", "deny", "redact", "roster", "verify", "backup", "restore",
        "export",
    ] {
        help.push_str(&format!(
            "\n$ dispatchd {command} --help\n{}",
            said(&[command, "--help"])
        ));
    }
    insta::assert_snapshot!(help);
}

#[test]
fn the_version_is_told() {
    assert_eq!(
        said(&["--version"]),
        format!("dispatchd {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn bad_configuration_is_one_clear_line_and_exit_code_2() {
    let community = Community::with(&[]);
    let toml = community.path("dispatchd.toml");
    let good = std::fs::read_to_string(&toml).unwrap();
    let dir = community.path("");
    let dir = text(&dir);
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        std::fs::write(&toml, good.replace(from, to)).unwrap();
        let told = refused(2, &["serve", dir]);
        std::fs::write(&toml, &good).unwrap();
        told
    };
    for (from, to, wanted) in [
        (
            "bind = ",
            "bnid = ",
            "dispatchd.toml:8: unknown field `bnid`",
        ),
        (
            "wraps = 1024",
            "wraps = 0",
            "wraps is 0; it must be from 1 to 1024",
        ),
        (
            "# origins = [\"http://127.0.0.1:0\"]",
            "origins = [\"chat.example.org\"]",
            "is not an origin",
        ),
        (
            "connections = 16384",
            "connections = 9223372036854775807",
            "connections is 9223372036854775807; it must be from 1 to 1000000",
        ),
        (
            "allowlist = \"allowlist\"",
            "allowlist = \".\"",
            "there is no allowlist",
        ),
        (
            "allowlist = \"allowlist\"",
            "allowlist = \"gone\"",
            "gone: there is no allowlist",
        ),
        (
            "store = \"store/chain.sqlite\"",
            "store = \"gone.sqlite\"",
            "gone.sqlite: there is no store",
        ),
        (
            "level = \"info\"",
            "level = \"=loud=\"",
            "log level `=loud=` is no filter",
        ),
    ] {
        let told = with(from, to);
        assert!(told.contains(wanted), "{told}");
    }
    let key = format!("server_key = {:?}", community.config.server_key);
    assert!(with(&key, "server_key = \"gone.pem\"").contains("gone.pem: there is no such file"));
    let short = community.dir.path().join("short.pem");
    std::fs::write(
        &short,
        include_str!("../../../../vectors/keys/refused/short.test-key.pem"),
    )
    .unwrap();
    std::fs::set_permissions(&short, std::fs::Permissions::from_mode(0o600)).unwrap();
    let told = with(&key, &format!("server_key = {short:?}"));
    assert!(
        told.contains("short.pem") && told.contains("of 2048 to 4096 bits"),
        "{told}"
    );
    assert!(refused(2, &["serve", text(community.dir.path())]).contains("dispatchd init DIR"));
}

#[test]
fn keys_that_others_can_read_or_change_are_refused_with_the_command_that_mends_it() {
    let community = Community::with(&[]);
    let dir = community.path("");
    let dir = text(&dir);
    let authority = community.config.authority_key.clone().unwrap();
    // Keys are read before it: a server that took them would end here, too, and not serve.
    std::fs::remove_file(community.path("allowlist")).unwrap();
    let serve = ["serve", dir, "--bind", "127.0.0.1:0"];
    let redact = ["redact", "-c", dir, "0"];
    for (key, mode, command) in [
        (&community.config.server_key, 0o644, &serve[..]),
        (&community.config.server_key, 0o620, &serve[..]),
        (&authority, 0o604, &serve[..]),
        (&authority, 0o666, &redact[..]),
    ] {
        let set = |mode| std::fs::set_permissions(key, std::fs::Permissions::from_mode(mode));
        set(mode).unwrap();
        let told = refused(2, command);
        let wanted = format!(
            "{}: this private key is open to other users (mode {mode:04o}); mend it with: chmod 600 {}",
            key.display(),
            key.display()
        );
        assert!(told.contains(&wanted), "{told}");
        let mend = told.trim_end().split_once("mend it with: ").unwrap().1;
        let mended = Command::new("sh").args(["-c", mend]).status().unwrap();
        assert!(mended.success());
        assert!(refused(2, &redact).contains("block 0 holds no message"));
    }
    let spaced = community.dir.path().join("it's a key");
    std::fs::rename(community.key_copy("m01"), &spaced).unwrap();
    std::fs::set_permissions(&spaced, std::fs::Permissions::from_mode(0o644)).unwrap();
    let with_it = ["redact", "-c", dir, "0", "--key", text(&spaced)];
    let told = refused(2, &with_it);
    let mend = told.trim_end().split_once("mend it with: ").unwrap().1;
    assert!(
        Command::new("sh")
            .args(["-c", mend])
            .status()
            .unwrap()
            .success()
    );
    assert!(refused(2, &with_it).contains("not the key of the community's authority"));
}

#[test]
fn an_allowlist_is_edited_around_its_owners_words() {
    let community = Community::with(&["m01"]);
    let dir = community.path("");
    let dir = text(&dir);
    let allowlist = community.path("allowlist");
    let mut words = std::fs::read_to_string(&allowlist).unwrap();
    words.push_str("# The neighbours, since spring\r\n\n");
    std::fs::write(&allowlist, &words).unwrap();

    let pem = community.dir.path().join("m02.pem");
    std::fs::write(&pem, public_pem("m02").replace("# m02\n", "")).unwrap();
    let told = said(&["allow", "-c", dir, "--name", "Bob", text(&pem)]);
    let bob = key("m02").public().id().to_string();
    assert!(
        told.contains(&format!("allowed  {bob}  Bob"))
            && told.contains("picks the change up by itself"),
        "{told}"
    );
    assert!(said(&["allow", "-c", dir, text(&pem)]).contains(&format!("already  {bob}  Bob")));
    let after = std::fs::read_to_string(&allowlist).unwrap();
    assert!(
        after.starts_with(&words) && after.contains("# Bob\n-----BEGIN PUBLIC KEY-----"),
        "{after}"
    );

    let told = said(&["deny", "-c", dir, &bob[..9]]);
    assert!(told.contains(&format!("denied   {bob}  Bob")), "{told}");
    assert_eq!(std::fs::read_to_string(&allowlist).unwrap(), words);
    let output = dispatchd(&["deny", "-c", dir, &bob]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains(&format!("absent   {bob}"))
    );
    // One id in 64 begins with a hyphen, and none of them is an option.
    let hyphen = format!("-{}", "c".repeat(41) + "A");
    for arguments in [["deny", "-c", dir, &hyphen], ["deny", &hyphen, "-c", dir]] {
        let output = dispatchd(&arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stdout).contains(&format!("absent   {hyphen}")),
            "{output:?}"
        );
    }

    let line = said(&[
        "allow",
        "-c",
        dir,
        &openssh("m03", "from=\"10.0.0.0/8\",command=\"a b\" ", " carol@home"),
    ]);
    assert!(
        line.contains(&format!(
            "allowed  {}  carol@home",
            key("m03").public().id()
        )),
        "{line}"
    );
}

#[test]
fn a_pem_block_is_a_key_and_no_option_wherever_it_stands_among_them() {
    let community = Community::with(&[]);
    let dir = community.path("");
    let dir = text(&dir);
    let pem = |name: &str| public_pem(name).replace(&format!("# {name}\n"), "");
    let (m01, m02, m03) = (pem("m01"), pem("m02"), pem("m03"));
    let id = |name: &str| key(name).public().id().to_string();
    let told = said(&["allow", "-c", dir, &m01, &m02]);
    for name in ["m01", "m02"] {
        assert!(told.contains(&format!("allowed  {}", id(name))), "{told}");
    }
    // Options count before it and behind it, and a mistyped one is told.
    let told = said(&["allow", &m03, "--name", "Carol", "-c", dir]);
    let carol = format!("allowed  {}  Carol", id("m03"));
    assert!(told.contains(&carol), "{told}");
    let before = std::fs::read_to_string(community.path("allowlist")).unwrap();
    for arguments in [
        ["allow", &m03, "--nmae", "Carol", "-c", dir],
        ["allow", "--nmae", "Carol", &m03, "-c", dir],
    ] {
        let output = dispatchd(&arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(
            told.contains("unexpected argument '--nmae'") && told.contains("'--name'"),
            "{told}"
        );
    }
    assert_eq!(
        std::fs::read_to_string(community.path("allowlist")).unwrap(),
        before
    );
    // A name would not stay in its line.
    for name in ["Carol\nssh-rsa AAAA", &m03] {
        let output = dispatchd(&["allow", "-c", dir, "--name", name, &m03]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("a name is one line"), "{told}");
    }
    assert_eq!(
        std::fs::read_to_string(community.path("allowlist")).unwrap(),
        before
    );
    // The line of a mistake is the block's own.
    let (begin, rest) = m01.split_once('\n').unwrap();
    let spoilt = format!("{begin}\n?{rest}");
    let told = refused(2, &["allow", "-c", dir, &spoilt]);
    assert!(
        told.contains("the key given, line 1: the PEM block is damaged"),
        "{told}"
    );
    // A private one is refused, and nothing of it is said again.
    let private = std::fs::read_to_string(community.key_copy("authority")).unwrap();
    let told = refused(2, &["allow", "-c", dir, &private]);
    assert!(told.contains("this is a PRIVATE key"), "{told}");
    let letters = private.lines().nth(1).unwrap();
    assert!(!told.contains(&letters[..16]), "{told}");
    let told = said(&["deny", "-c", dir, &m01, &m03]);
    for name in ["m01", "m03"] {
        assert!(told.contains(&format!("denied   {}", id(name))), "{told}");
    }
}

/// The account's key as an OpenSSH line.
fn openssh(name: &str, options: &str, comment: &str) -> String {
    let der = key(name).public().der().to_vec();
    // Of a key of 2048 bits: the modulus stands behind 33 bytes, the exponent at the end.
    let mut blob = Vec::new();
    for part in [
        b"ssh-rsa".as_slice(),
        &[1, 0, 1],
        &[&[0], &der[33..289]].concat(),
    ] {
        blob.extend_from_slice(&(part.len() as u32).to_be_bytes());
        blob.extend_from_slice(part);
    }
    format!(
        "{options}ssh-rsa {}{comment}",
        data_encoding::BASE64.encode(&blob)
    )
}

#[test]
fn what_is_no_members_key_is_refused_with_a_way_out() {
    let community = Community::with(&[]);
    let dir = community.path("");
    let before = std::fs::read(community.path("allowlist")).unwrap();
    let told = refused(2, &["allow", "-c", text(&dir), text(&key_file("m01"))]);
    assert!(
        told.contains("PRIVATE key") && !told.contains("MII"),
        "{told}"
    );
    for (key, wanted) in [
        (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@here",
            "an Ed25519 key (ssh-ed25519); an account is an RSA key",
        ),
        (
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ me@here",
            "damaged or cut off",
        ),
        (
            include_str!("../../../../vectors/keys/refused/short.test-key.pub"),
            "line 1: not a key that may be an account",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----",
            "openssl x509",
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nAA==\n",
            "no line -----END PUBLIC KEY-----",
        ),
    ] {
        let file = community.dir.path().join("key");
        std::fs::write(&file, key).unwrap();
        let told = refused(2, &["allow", "-c", text(&dir), text(&file)]);
        assert!(told.contains(wanted), "{told}");
        if !key.contains('\n') {
            let told = refused(2, &["allow", "-c", text(&dir), key]);
            assert!(told.contains(wanted), "{told}");
        }
    }
    assert_eq!(std::fs::read(community.path("allowlist")).unwrap(), before);
    let mut child = Command::new(env!("CARGO_BIN_EXE_dispatchd"))
        .args(["allow", "-c", text(&dir), "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(public_pem("m04").as_bytes())
        .unwrap();
    let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(
        told.contains(&format!("allowed  {}  m04", key("m04").public().id())),
        "{told}"
    );
}
