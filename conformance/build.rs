//! Embeds the specification and the vectors, so that an implementer runs one binary anywhere.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// The folders that travel inside the binary, and the endings of the files that do; `authorized_keys` has none.
const FOLDERS: [(&str, &[&str]); 4] = [
    ("spec", &["md"]),
    ("vectors/keys", &["json", "pem", ""]),
    ("vectors/live", &["json"]),
    ("vectors/static", &["json"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("..")
        .canonicalize()?;
    let mut list = String::from("&[\n");
    for (folder, endings) in FOLDERS {
        let folder_path = root.join(folder);
        println!("cargo:rerun-if-changed={}", folder_path.display());
        for path in files(&folder_path, endings)? {
            println!("cargo:rerun-if-changed={}", path.display());
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            writeln!(
                list,
                "    ({:?}, include_str!({path:?})),",
                format!("{folder}/{name}")
            )?;
        }
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("corpus.rs"), list)?;
    Ok(())
}

fn files(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        if path.is_file() && endings.contains(&ending.as_ref()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
