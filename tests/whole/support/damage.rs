//! What may become of a page store between two runs.

use super::random::Random;
use super::server::Server;
use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Damages the page store of a stopped server, deletes it, or leaves it, by turns.
pub(crate) fn spoil_sled(server: &Server, turn: u32, random: &mut Random) {
    match turn % 3 {
        0 => garble(&server.sled(), random),
        1 => std::fs::remove_dir_all(server.sled()).expect("sled may be deleted"),
        _ => {}
    }
}

/// Writes nonsense into every file, at some place.
fn garble(folder: &Path, random: &mut Random) {
    let mut garbled = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if !path.is_file() {
            continue;
        }
        let mut file = OpenOptions::new().write(true).open(&path).expect("a file of sled");
        let length = file.metadata().expect("its length").len();
        file.seek(SeekFrom::Start(random.below(length.max(1)))).expect("a place in it");
        file.write_all(&[0xa5; 512]).expect("written");
        garbled += 1;
    }
    assert!(garbled > 0, "{} has no files", folder.display());
}
