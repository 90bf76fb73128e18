//! Scenarios into outcomes: cucumber as the step library, and our own loop.
