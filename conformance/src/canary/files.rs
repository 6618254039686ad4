//! Texts to search: files below a folder, a log, and what was said on connections.

use std::{fs, io, path::Path, time::SystemTime};

/// A file is searched up to here; no store of a run is larger.
const LARGEST: u64 = 256 << 20;

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The server's data.
    Store,
    /// Its log.
    Log,
    /// The `detail` of a frame.
    Detail,
    /// A block that it served.
    Block,
}

/// Bytes with a name.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// When it was changed last.
    pub(super) changed: SystemTime,
}

impl Text {
    /// What was said on a connection.
    pub(super) fn said(place: Place, name: String, text: String) -> Self {
        Self {
            place,
            name,
            bytes: text.into_bytes(),
            changed: SystemTime::UNIX_EPOCH,
        }
    }
}

/// A log.
pub(super) fn read(path: &Path) -> io::Result<Text> {
    Ok(Text {
        place: Place::Log,
        name: path.display().to_string(),
        bytes: fs::read(path)?,
        changed: fs::metadata(path)?.modified()?,
    })
}

/// All files below a folder, by their paths in it. One that goes while it is looked at is left out: what it held is gone.
pub(super) fn below(folder: &Path) -> io::Result<Vec<Text>> {
    let mut texts = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            // A link's target is somebody else's.
            let Ok(about) = fs::symlink_metadata(&path) else {
                continue;
            };
            if about.is_dir() {
                folders.push(path);
                continue;
            }
            if !about.is_file() || about.len() > LARGEST {
                continue;
            }
            let name = path.strip_prefix(folder).unwrap_or(&path);
            if let (Ok(bytes), Ok(changed)) = (fs::read(&path), about.modified()) {
                texts.push(Text {
                    place: Place::Store,
                    name: name.display().to_string(),
                    bytes,
                    changed,
                });
            }
        }
    }
    texts.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(texts)
}
