//! This node's name in its group: stable over restarts, so that a restart is no rebalance.

use anyhow::{Context as _, bail};
use std::path::Path;

/// The name asked for, or the one kept in the data folder, or a new one to keep there.
pub(crate) fn name(asked: Option<&str>, data_dir: &Path) -> anyhow::Result<String> {
    if let Some(asked) = asked {
        return check(asked, "--node");
    }
    let file = data_dir.join("node-id");
    match std::fs::read_to_string(&file) {
        Ok(kept) => check(kept.trim(), &file.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let made = format!("node-{}", uuid::Uuid::now_v7().simple());
            std::fs::write(&file, &made)
                .with_context(|| format!("{} can't be written; or set --node", file.display()))?;
            Ok(made)
        }
        Err(error) => Err(error).with_context(|| format!("{} can't be read; or set --node", file.display())),
    }
}

fn check(name: &str, origin: &str) -> anyhow::Result<String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if !(1..=100).contains(&name.len()) || !name.bytes().all(allowed) {
        bail!("{origin}: {name:?} is no node name; use 1 to 100 letters, digits, `.`, `_` and `-`");
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_once_made_up_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = name(None, folder.path()).expect("made up");
        assert_eq!(name(None, folder.path()).expect("kept"), first);
        assert_eq!(name(Some("a"), folder.path()).expect("asked for"), "a");
        assert!(name(Some("a b"), folder.path()).is_err());
    }
}
