//! The HTTP API under `/api/v1`, health pages and metrics. Reads go to the store; writes to the scheduler.
