//! centime's actors: one a user, found, rehydrated and passivated by a directory
