//! Writes `spec/schemas/`, `spec/openapi.json` and `spec/asyncapi.json` anew from the types:
//! `cargo run -p dispatch-protocol --example schemas`.

use std::error::Error;
use std::path::Path;

use dispatch_protocol::{binding, schemas};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("spec/schemas");
    std::fs::create_dir_all(&folder)?;
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            std::fs::remove_file(path)?;
        }
    }
    for named in schemas::all() {
        std::fs::write(folder.join(format!("{}.json", named.name)), named.to_text())?;
    }
    let held = std::fs::read_to_string(root.join("vectors/static/conversation.json"))?;
    let examples = binding::Conversation::read(&held)?;
    for (name, document) in [
        ("openapi", binding::openapi(&examples)),
        ("asyncapi", binding::asyncapi(&examples)),
    ] {
        std::fs::write(
            root.join(format!("spec/{name}.json")),
            binding::to_text(&document),
        )?;
    }
    Ok(())
}
