//! The floor: the bytes of the engine's journal appended in as many batches, each made durable, and nothing else.

use anyhow::Result;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// What the engine wrote.
pub(crate) struct Journal {
    /// Bytes.
    pub(crate) bytes: u64,
    /// Batches, each ended by an fdatasync.
    pub(crate) batches: u64,
}

/// Writes the same amount from `threads` threads, each to a file of its own; the time it takes.
pub(crate) fn measure(journal: &Journal, threads: u64, folder: &Path) -> Result<Duration> {
    let batch = vec![0x5a_u8; usize::try_from(journal.bytes / journal.batches.max(1))?];
    let batch = batch.as_slice();
    let begun = Instant::now();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..threads)
            .map(|n| {
                scope.spawn(move || -> Result<()> {
                    let mut file = File::create(folder.join(format!("floor-{n}")))?;
                    for _ in 0..journal.batches / threads {
                        file.write_all(batch)?;
                        file.sync_data()?;
                    }
                    Ok(())
                })
            })
            .collect();
        writers.into_iter().try_for_each(|w| w.join().expect("a writer ends with an error, not a panic"))
    })?;
    Ok(begun.elapsed())
}
