//! centime's page store: sled behind a trait, write-behind, watermark
