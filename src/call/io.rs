//! Everything that goes into a call and comes out of it. The journal is made of these.

use crate::audio::AudioFrame;
use crate::call::HangupCause;
use crate::dialogue::Form;
use crate::rtp::DtmfDigit;
use crate::speech::{RecognitionContext, Transcript};
use crate::ticket::{CallId, CallbackBy, Ticket, TicketNumber, TicketStanding};
use crate::time::{CallTime, MediaTime};
use serde::{Deserialize, Serialize};

/// What the network told us about the caller before the first word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallerFacts {
    /// The call's identity.
    pub call_id: CallId,
    /// Calling number as the network gave it; empty when withheld.
    pub caller_id: String,
    /// The called number or user part.
    pub called: String,
    /// `sip`, `audiosocket`, `websocket`.
    pub entrance: String,
    /// P-Asserted-Identity, Diversion, History-Info, User-to-User, X-*: name (lower case), value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// When the call was answered, milliseconds since 1970 UTC; stamped by the shell.
    pub answered_unix_ms: i64,
    /// How much there was time for.
    #[serde(default, skip_serializing_if = "Form::is_full")]
    pub form: Form,
}

/// One playing of something; numbered from 1 within a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlayId(pub u32);

/// One turn of the caller's; numbered from 1 within a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TurnId(pub u32);

/// What the shell tells the call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(
    clippy::large_enum_variant,
    reason = "made and consumed at once; boxing would allocate per frame"
)]
pub enum Input {
    /// Media is up: the call begins.
    Answered,
    /// The next 20 ms of the caller's side, concealed where packets were lost.
    Audio(#[serde(skip)] AudioFrame),
    /// A key, at its start.
    Dtmf(DtmfDigit),
    /// Words so far of the running turn.
    Interim {
        /// Which turn.
        turn: TurnId,
        /// The words so far.
        transcript: Transcript,
    },
    /// The turn's final words.
    Final {
        /// Which turn.
        turn: TurnId,
        /// The words.
        transcript: Transcript,
    },
    /// The engine cannot finish this turn.
    EngineFailed {
        /// Which turn.
        turn: TurnId,
    },
    /// The last sample of this playing went out.
    PromptFinished {
        /// Which playing.
        play: PlayId,
    },
    /// The ticket is on disk.
    TicketSaved {
        /// The number to tell the caller.
        number: TicketNumber,
        /// Which revision of it.
        revision: u32,
        /// By when somebody will have called back, where that can be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<CallbackBy>,
        /// A ticket of the same caller's that waits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        earlier: Option<TicketStanding>,
    },
    /// The answer to [`Output::FindTicket`].
    TicketFound {
        /// Which was looked for.
        number: TicketNumber,
        /// How it stands; `None` where there is no such ticket.
        standing: Option<TicketStanding>,
    },
    /// The store refused or could not be reached; the shell goes on trying.
    TicketNotSaved {
        /// Which revision of it.
        revision: u32,
    },
    /// The call's media is held by the far end (RFC 3264 8.4) or resumed.
    Hold(bool),
    /// The far end cannot be put through.
    TransferFailed,
    /// The leg is gone.
    Hangup(HangupCause),
    /// The deadline of the last [`Output::Timeout`] has come.
    Timeout,
}

/// One sound of a playing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sound {
    /// A prompt text by the language pack's voice, or its recorded wav.
    Prompt {
        /// The prompt's name in the language pack; empty for read-backs made of several.
        name: String,
        /// ISO 639-1.
        language: String,
        /// The words with everything filled in.
        text: String,
    },
    /// A tone of `hz` for `ms`.
    Tone {
        /// Frequency.
        hz: u16,
        /// Duration.
        ms: u16,
    },
    /// Nothing for `ms`.
    Silence {
        /// Duration.
        ms: u16,
    },
}

/// Something for the log, the statistics and the live view; no personal data but the turn's words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The caller began to speak.
    SpeechStarted {
        /// Which turn.
        turn: TurnId,
    },
    /// We decided that the caller is done: the end of their speech in the recording.
    SpeechEnded {
        /// Which turn.
        turn: TurnId,
        /// One past the last voiced sample.
        end: MediaTime,
    },
    /// The dialogue's view of a turn, for people who follow the call.
    Understood {
        /// Which turn; 0 for keys.
        turn: TurnId,
        /// The slot that was asked.
        slot: String,
        /// What was made of it.
        value: String,
    },
    /// Nothing came in time, or nothing could be made of it.
    NotUnderstood {
        /// The slot that was asked.
        slot: String,
    },
    /// The caller spoke over the prompt.
    BargeIn {
        /// Which playing was cut.
        play: PlayId,
    },
    /// The recogniser is out: the caller leaves a message.
    EngineLost,
}

/// What the call asks of the shell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Play these in order; [`Input::PromptFinished`] follows unless it is stopped.
    Play {
        /// Which playing.
        play: PlayId,
        /// In order.
        sounds: Vec<Sound>,
    },
    /// Make these ready: they are likely to be asked for soon.
    Prepare {
        /// The sounds.
        sounds: Vec<Sound>,
    },
    /// Stop at once.
    StopPlaying {
        /// Which playing.
        play: PlayId,
    },
    /// Open a recogniser and feed it the caller's audio from `from` on.
    Recognize {
        /// Which turn.
        turn: TurnId,
        /// First sample, in the past by the pre-roll.
        from: MediaTime,
        /// What to lean towards.
        context: RecognitionContext,
    },
    /// The caller paused: a final is likely to be asked for soon. Voice after it takes it back.
    SpeechPaused {
        /// Which turn.
        turn: TurnId,
    },
    /// The turn is over: finish it and give the final transcript.
    EndOfSpeech {
        /// Which turn.
        turn: TurnId,
    },
    /// Nobody wants this turn's words any more.
    AbandonTurn {
        /// Which turn.
        turn: TurnId,
    },
    /// Write the ticket; idempotent by call id, the highest revision wins.
    SaveTicket(Box<Ticket>),
    /// Look up how a ticket stands; [`Input::TicketFound`] follows.
    FindTicket {
        /// Which.
        number: TicketNumber,
    },
    /// Consent was declined: keep nothing of this call's sound.
    DiscardRecording,
    /// Put the caller through to this address (SIP URI or extension) and leave.
    Transfer {
        /// `sip:` URI or the PBX's extension.
        to: String,
    },
    /// End the call.
    Hangup(HangupCause),
    /// For people and statistics.
    Note(Note),
    /// Nothing more for now: call again with [`Input::Timeout`] at this time if nothing else comes
    /// first; `None` when the call is over.
    Timeout(Option<CallTime>),
}
