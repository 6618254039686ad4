//! Writes `spec/schemas/` anew from the types: `cargo run -p dispatch-protocol --example schemas`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/schemas");
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
    for named in dispatch_protocol::schemas::all() {
        std::fs::write(folder.join(format!("{}.json", named.name)), named.to_text())?;
    }
    Ok(())
}
