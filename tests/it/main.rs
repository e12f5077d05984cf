//! Spillway from outside: real sockets, real files, one test binary.

mod sip;
