//! Membership: who is alive, and what each peer says of itself.
