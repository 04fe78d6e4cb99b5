//! Following a feed of another process.
