//! A part's folder and the one that is to take its place: their names, and what a crash may leave of them.
//!
//! `1` is the part. `1.new` is its rewritten copy, worth nothing until it is complete and closed. Then `1` is renamed
//! `1.old`, `1.new` is renamed `1`, and `1.old` is deleted. So what is called `1` is always complete; and if nothing is,
//! while there is a `1.old`, the crash came between the renamings, when `1.new` was complete.

use crate::open::{LOCK_TRIES, LOCK_WAIT};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Where a part's rewritten copy grows.
pub(crate) fn new(part: &Path) -> PathBuf {
    part.with_extension("new")
}

/// Where the part is while the copy takes its place.
fn old(part: &Path) -> PathBuf {
    part.with_extension("old")
}

/// Before a part is opened: completes or undoes what a crash interrupted.
pub(crate) fn settle(part: &Path) -> io::Result<()> {
    if !part.exists() && old(part).exists() {
        let complete = if new(part).exists() { new(part) } else { old(part) };
        fs::rename(complete, part)?;
        sync_names(part)?;
    }
    remove_others(part)
}

/// Removes whatever is beside the part.
pub(crate) fn remove_others(part: &Path) -> io::Result<()> {
    for folder in [new(part), old(part)] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}

/// Puts the copy in the part's place. Both are complete and closed. If it fails the part is where it was.
pub(crate) fn switch(part: &Path) -> io::Result<()> {
    let (new, old) = (new(part), old(part));
    // Were sled not done with a folder, it might go on under a name that is the other's by now.
    wait_until_closed(&new)?;
    wait_until_closed(part)?;
    fs::rename(part, &old)?;
    if let Err(error) = fs::rename(new, part) {
        fs::rename(old, part)?;
        return Err(error);
    }
    sync_names(part)
}

/// sled holds its lock until its last thread is done with the folder, a moment after it was dropped.
fn wait_until_closed(folder: &Path) -> io::Result<()> {
    let db = File::open(folder.join("db"))?;
    for _ in 0..LOCK_TRIES {
        match db.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, format!("{} does not get closed", folder.display())))
}

/// Makes renamings survive a power cut.
fn sync_names(part: &Path) -> io::Result<()> {
    part.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
