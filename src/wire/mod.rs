//! The iLink bot vocabulary, as WeChat speaks it: endpoints, messages, answers, codes.
