//! The closed list of error codes.

words! {
    /// Why something went wrong or was refused: `error_code`, `last_error_code` and the `code` of a recent error.
    pub enum Code {
        /// No connection to WeChat, or one that was cut.
        ConnectFailed = "connect_failed",
        /// A send that WeChat did not answer in time.
        Timeout = "timeout",
        /// An HTTP status other than 200.
        HttpStatus = "http_status",
        /// An answer that is empty or not the JSON expected.
        MalformedAnswer = "malformed_answer",
        /// A business error of WeChat in a successful HTTP answer.
        WechatError = "wechat_error",
        /// The login has expired; a person is needed.
        SessionExpired = "session_expired",
        /// WeChat asks to send more slowly.
        RateLimited = "rate_limited",
        /// No usable context token, or WeChat refused it.
        ContextUnavailable = "context_unavailable",
        /// A rule admits neither this sender nor this recipient.
        AccessDenied = "access_denied",
        /// The person is not paired yet.
        PairingRequired = "pairing_required",
        /// An approval request without an owner to ask.
        NoOwner = "no_owner",
        /// A feature that the adapter does not claim.
        Unsupported = "unsupported",
        /// A WeChat message or item that cannot be read.
        MalformedMessage = "malformed_message",
        /// The position was no longer known, and was recovered.
        CursorReset = "cursor_reset",
        /// Stored state was damaged or missing, and was recovered from.
        StateDamaged = "state_damaged",
        /// AIOS refused an event.
        EventRefused = "event_refused",
        /// AIOS could not take an event.
        AiosUnavailable = "aios_unavailable",
        /// The adapter's own fault.
        Internal = "internal",
    }
}
