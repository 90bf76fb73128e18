//! What an adapter is, and how the kit talks to one.
