//! Spillway from outside: real sockets, real files, one test binary.

mod access;
mod api;
mod arbitrary;
mod asr;
mod call_log;
mod callbacks;
mod caller;
mod entrances;
mod first_call;
mod gazetteer;
mod journal;
mod killed;
mod lost_engine;
mod media;
mod outage;
mod recovery;
mod replay;
mod sip;
mod spoken_call;
mod store;
mod support;
mod tickets;
mod tidy;
mod users;
