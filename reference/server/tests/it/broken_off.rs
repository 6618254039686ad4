//! Folders that a command was making when it was killed, or when another came to make the same one: nothing in them passes
//! for whole, nothing keeps the next try out, and what an owner put there stays.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use notify::event::{EventKind, ModifyKind, RenameMode};
use notify::{RecursiveMode, Watcher as _};

use crate::backup::with_own_keys;
use crate::client::SOON;
use crate::community::Community;
use crate::process::{refused, said, text};

/// In the order in which they come to their place.
const MOVED: [&str; 6] = [
    "server-key.pem",
    "authority-key.pem",
    "store",
    "allowlist",
    "dispatchd.toml",
    "manifest.json",
];

/// A backup that has everything but the allowlist, and waits for it.
struct Halted {
    backup: Child,
    pipe: File,
    allowlist: Vec<u8>,
}

impl Halted {
    fn at_allowlist(community: &Community, dest: &Path) -> Halted {
        let path = community.path("allowlist");
        let allowlist = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        let backup = Command::new(env!("CARGO_BIN_EXE_dispatchd"))
            .args(["backup", "-c", text(&community.path("")), text(dest)])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A pipe opens for who writes when there is somebody who reads.
        let (opened, opens) = mpsc::channel();
        std::thread::spawn({
            let path = path.clone();
            move || opened.send(File::options().write(true).open(path).unwrap())
        });
        let pipe = opens.recv_timeout(SOON).expect("it comes to the allowlist");
        fs::remove_file(&path).unwrap();
        fs::write(&path, &allowlist).unwrap();
        Halted {
            backup,
            pipe,
            allowlist,
        }
    }

    fn kill(mut self) {
        self.backup.kill().unwrap();
        self.backup.wait().unwrap();
    }

    /// Lets it go on: its exit code, and what it said.
    fn go_on(mut self) -> (Option<i32>, String) {
        self.pipe.write_all(&self.allowlist).unwrap();
        drop(self.pipe);
        let told = self.backup.wait_with_output().unwrap();
        let words = [told.stdout, told.stderr].concat();
        (told.status.code(), String::from_utf8(words).unwrap())
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn whole(moved: &[&str]) -> Vec<String> {
    let mut names: Vec<_> = moved.iter().map(|name| (*name).to_owned()).collect();
    names.sort();
    names
}

/// As if the power had gone when so many of these files of a whole folder had come to their place.
fn broken_off(dir: &Path, files: &[&str], moved: usize) {
    let staging = dir.join(".dispatchd-init");
    fs::create_dir(&staging).unwrap();
    fs::write(staging.join("moving"), files.join("\n")).unwrap();
    for name in &files[moved..] {
        fs::rename(dir.join(name), staging.join(name)).unwrap();
    }
}

#[test]
fn two_who_make_the_same_folder_do_not_take_it_from_each_other() {
    let (first, second) = (with_own_keys(), with_own_keys());
    let dest = first.dir.path().join("backup");
    let halted = Halted::at_allowlist(&first, &dest);
    let begun = names(&dest);
    let backup = first.dir.path().join("another");
    said(&["backup", "-c", text(&second.path("")), text(&backup)]);
    for others in [
        &["backup", "-c", text(&second.path("")), text(&dest)][..],
        &["restore", text(&backup), text(&dest)],
        &["init", text(&dest)],
    ] {
        let told = refused(2, others);
        assert!(told.contains("another dispatchd is at work"), "{told}");
        assert_eq!(names(&dest), begun);
    }
    let (code, words) = halted.go_on();
    assert!(code == Some(0) && words.starts_with("good  "), "{words}");
    let to = first.dir.path().join("restored");
    said(&["restore", text(&dest), text(&to)]);
    assert_eq!(
        said(&["export", text(&to)]),
        said(&["export", text(&first.path(""))])
    );
}

#[test]
fn a_backup_that_is_killed_is_none_and_may_be_tried_again() {
    let community = with_own_keys();
    let dest = community.dir.path().join("backup");
    let to = community.dir.path().join("restored");
    Halted::at_allowlist(&community, &dest).kill();
    assert_eq!(names(&dest), [".dispatchd-init"]);
    let told = refused(2, &["restore", text(&dest), text(&to)]);
    assert!(told.contains("broken off"), "{told}");
    assert!(!to.exists());
    // What lies beside it is somebody's, and stays.
    fs::write(dest.join("notes"), "mine").unwrap();
    let backup = ["backup", "-c", text(&community.path("")), text(&dest)].map(str::to_owned);
    let backup: Vec<&str> = backup.iter().map(String::as_str).collect();
    let told = refused(2, &backup);
    assert!(told.contains("not empty"), "{told}");
    assert_eq!(names(&dest), ["notes"]);
    fs::remove_file(dest.join("notes")).unwrap();
    assert!(said(&backup).starts_with("good  "));
    assert_eq!(names(&dest), whole(&MOVED));
}

#[test]
fn a_manifest_comes_last_and_a_configuration_before_it() {
    let community = with_own_keys();
    let dest = community.dir.path().join("backup");
    let halted = Halted::at_allowlist(&community, &dest);
    let (came, comes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let event = event.unwrap();
        if event.kind == EventKind::Modify(ModifyKind::Name(RenameMode::To)) {
            came.send(event.paths[0].file_name().unwrap().to_owned())
                .unwrap();
        }
    })
    .unwrap();
    watcher.watch(&dest, RecursiveMode::NonRecursive).unwrap();
    assert_eq!(halted.go_on().0, Some(0));
    let order = MOVED.map(|_| comes.recv_timeout(SOON).expect("each is moved"));
    assert_eq!(order, MOVED);
}

#[test]
fn wherever_a_backup_is_broken_off_it_is_none_and_the_next_one_is_whole() {
    let community = with_own_keys();
    let dir = community.path("");
    for moved in 0..MOVED.len() {
        let dest = community.dir.path().join(format!("backup{moved}"));
        let to = community.dir.path().join("restored");
        let backup = ["backup", "-c", text(&dir), text(&dest)];
        said(&backup);
        broken_off(&dest, &MOVED, moved);
        let told = refused(2, &["restore", text(&dest), text(&to)]);
        assert!(told.contains("broken off"), "{moved}: {told}");
        assert!(!to.exists());
        assert!(said(&backup).starts_with("good  "), "{moved}");
        assert_eq!(names(&dest), whole(&MOVED));
        said(&["restore", text(&dest), text(&to)]);
        fs::remove_dir_all(&to).unwrap();
    }
}

#[test]
fn wherever_a_community_is_broken_off_the_next_try_makes_it_anew() {
    let files = &MOVED[..5];
    let community = with_own_keys();
    let backup = community.dir.path().join("backup");
    said(&["backup", "-c", text(&community.path("")), text(&backup)]);
    let dir = community.dir.path().join("made");
    for made_by in [
        &["init", text(&dir)][..],
        &["restore", text(&backup), text(&dir)],
    ] {
        for moved in 0..=files.len() {
            said(made_by);
            fs::write(dir.join("server-key.pem"), "the last try's").unwrap();
            broken_off(&dir, files, moved);
            let is_whole = moved == files.len();
            if is_whole {
                // Only its program did not come to its end.
                let told = refused(2, made_by);
                assert!(
                    told.contains("a community or a backup here already"),
                    "{told}"
                );
            } else {
                said(made_by);
            }
            assert_eq!(names(&dir), whole(files), "{made_by:?}, {moved} moved");
            let key = fs::read(dir.join("server-key.pem")).unwrap();
            assert_eq!(
                key == b"the last try's",
                is_whole,
                "{made_by:?}, {moved} moved"
            );
            said(&["verify", text(&dir)]);
            fs::remove_dir_all(&dir).unwrap();
        }
    }
}

#[test]
fn what_an_owner_put_into_a_folder_that_was_begun_is_theirs() {
    let community = with_own_keys();
    let dest = community.dir.path().join("backup");
    let backup = ["backup", "-c", text(&community.path("")), text(&dest)].map(str::to_owned);
    let backup: Vec<&str> = backup.iter().map(String::as_str).collect();
    for name in MOVED {
        // Before anything came to its place.
        for is_moving in [false, true] {
            said(&backup);
            broken_off(&dest, &MOVED, 0);
            if !is_moving {
                fs::remove_file(dest.join(".dispatchd-init/moving")).unwrap();
            }
            fs::write(dest.join(name), "mine").unwrap();
            refused(2, &backup);
            assert_eq!(names(&dest), [name]);
            assert_eq!(fs::read(dest.join(name)).unwrap(), b"mine");
            fs::remove_dir_all(&dest).unwrap();
        }
    }
}

#[test]
fn what_is_in_the_way_as_the_files_come_to_their_place_stays_and_nothing_is_left_beside_it() {
    let community = with_own_keys();
    for name in MOVED {
        let dest = community.dir.path().join(format!("backup-{name}"));
        let halted = Halted::at_allowlist(&community, &dest);
        let theirs = dest.join(name).join("mine");
        fs::create_dir(dest.join(name)).unwrap();
        fs::write(&theirs, "mine").unwrap();
        let (code, words) = halted.go_on();
        assert_eq!(code, Some(2), "{words}");
        assert!(words.contains(&format!("{name}: ")), "{words}");
        assert_eq!(names(&dest), [name]);
        assert_eq!(fs::read(&theirs).unwrap(), b"mine");
    }
}
