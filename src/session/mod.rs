//! One scenario, live: a simulated WeChat, an adapter, a played AIOS, and the evidence.
