//! centime's pure core: commands, events, state, decide and evolve
