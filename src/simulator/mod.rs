//! WeChat on loopback: a state machine that decides and an HTTP shell that does not.
