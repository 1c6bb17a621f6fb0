//! Links: the databases and file systems that actions reach, by name. One door for all of them.
