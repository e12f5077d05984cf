//! The SIP room against peers made of raw sockets: what stands here was written from the RFCs,
//! not from the code under test.

mod client;
mod consumer;
mod dialog;
pub mod phone;
mod requests;
mod torture;
