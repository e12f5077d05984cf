//! Why a call ended: one table of cause, Q.850 code, SIP status and words.

use serde::{Deserialize, Serialize};

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $q850:literal, $sip:literal, $words:literal;)*) => {
        /// Why a call ended.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum HangupCause { $($(#[$doc])* $name,)* }

        impl HangupCause {
            /// ITU-T Q.850 cause value.
            pub fn q850(self) -> u8 {
                match self { $(HangupCause::$name => $q850,)* }
            }
            /// The SIP status that says the same before answer (RFC 3398 8.2.6.1).
            pub fn sip_status(self) -> u16 {
                match self { $(HangupCause::$name => $sip,)* }
            }
            /// For people.
            pub fn words(self) -> &'static str {
                match self { $(HangupCause::$name => $words,)* }
            }
        }
    };
}

causes! {
    /// The caller hung up.
    CallerHungUp = 16, 200, "caller hung up";
    /// The dialogue came to its end.
    Finished = 16, 200, "finished";
    /// The caller was put through to a person.
    Transferred = 16, 200, "transferred";
    /// The caller gave up before we answered.
    Cancelled = 16, 487, "cancelled before answer";
    /// No RTP for too long.
    MediaTimeout = 102, 408, "no audio from the caller";
    /// All lines are in use.
    Congestion = 34, 503, "all lines in use";
    /// No common codec or transport.
    NotAcceptable = 88, 488, "no common codec";
    /// A bug ended this call.
    InternalError = 41, 500, "internal error";
    /// The call reached its longest allowed duration.
    MaxCall = 31, 480, "longest duration reached";
    /// Spillway is stopping.
    ShuttingDown = 38, 503, "shutting down";
}

impl std::fmt::Display for HangupCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.words())
    }
}
