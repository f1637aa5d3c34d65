//! The edges of the admin towards the network: who really calls ([`client`]), how many connections one caller may hold ([`seats`]) and
//! how long without a request ([`pace`], [`watched`]), bodies that never end ([`slow`]), and callers of the executors' addresses that
//! guess at secrets ([`strangers`]).

pub(crate) mod budget;
pub(crate) mod client;
pub(crate) mod pace;
pub(crate) mod seats;
pub(crate) mod slow;
pub(crate) mod strangers;
pub(crate) mod watched;
