//! Whether a projection is wide enough.
